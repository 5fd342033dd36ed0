"""
Letters to people, and whether they left.

Owns       notifications.people, notifications.letters, notifications.erasures,
           notifications.portions
Consumes   users.person-changed, users.account-changed, users.link-requested,
           users.code-requested, users.registration-repeated,
           users.rattachement-granted, users.rattachement-refused,
           users.rattachement-not-applied, approvals.approval-opened, support.ticket-opened,
           structures.client-welcomed, users.identity-linked, users.export-ready,
           users.person-erased, users.export-requested
Publishes  notifications.letters-gathered
"""
