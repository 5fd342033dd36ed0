"""
Who may come in, and what each may do in which structure.

Owns       users.accounts, users.logins, users.attempts, users.challenges, users.sessions,
           users.clients, users.structures, users.management, users.requests, users.rattachements
Consumes   structures.structure-created, structures.structure-changed, approvals.approval-decided
Publishes  users.person-changed, users.link-requested, users.registration-repeated,
           users.session-revoked, users.rattachement-requested, users.rattachement-granted,
           users.rattachement-refused, users.rattachement-not-applied, users.rights-changed
"""
