"""
Who may come in, and what each may do in which structure.

Owns       users.accounts, users.logins, users.attempts, users.challenges, users.sessions,
           users.efforts, users.clients, users.openings, users.structures, users.units,
           users.management, users.requests,
           users.rattachements, users.duplications, users.actions, users.invitees,
           users.imports, users.import-lines, users.habilitation-requests,
           users.habilitation-history, users.transfers, users.claims,
           users.provider-sign-ins, users.linked-identities, users.attachments,
           users.attachments-counts, users.exports, users.export-pieces, users.erasures,
           users.unsubscriptions, users.returns
Consumes   structures.structure-created, structures.structure-changed,
           structures.structure-duplicated, structures.unit-created, structures.unit-changed,
           structures.unit-ended, approvals.approval-decided, approvals.approval-withdrawn,
           approvals.approval-expired, approvals.approver-missing, users.rights-changed,
           approvals.approvals-gathered, notifications.letters-gathered,
           notifications.vacancy-notice-handed-over, notifications.vacancy-notice-returned,
           structures.records-gathered, support.tickets-gathered,
           support.reactivation-accepted
Publishes  users.person-changed, users.person-erased, users.account-changed,
           users.link-requested, users.code-requested, users.registration-repeated,
           users.session-revoked, users.rattachement-requested, users.rattachement-granted,
           users.rattachement-refused, users.rattachement-not-applied, users.rattachement-made,
           users.rattachement-removed, users.rattachement-begun, users.rattachement-ended,
           users.invitation-sent, users.rights-changed, users.habilitations-requested,
           users.habilitations-granted, users.habilitations-refused,
           users.habilitations-not-applied, users.rattachement-request-expired,
           users.habilitations-request-expired, users.request-blocked,
           users.management-transferred,
           users.reactivation-refused, users.vacancy-opened, users.vacancy-code-requested,
           users.vacancy-notice-given, users.vacancy-claim-settled,
           users.identity-linked, users.export-requested, users.export-ready,
           users.espace-opened, users.espace-closed, users.client-secret-expiring,
           users.reactivation-settled
"""
