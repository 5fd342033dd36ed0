"""
Letters to people, and whether they left.

Owns       notifications.people, notifications.letters, notifications.notices,
           notifications.movements, notifications.settled, notifications.rights,
           notifications.suppressed-addresses, notifications.erasures, notifications.portions,
           notifications.client-accounts, notifications.contacts
Consumes   users.person-changed, users.account-changed, users.link-requested,
           users.code-requested, users.registration-repeated, users.reactivation-refused,
           users.management-transferred, users.vacancy-notice-given,
           users.vacancy-claim-settled,
           users.rattachement-granted, users.rattachement-refused,
           users.rattachement-not-applied, users.rattachement-made,
           users.rattachement-removed, users.rattachement-begun, users.rattachement-ended,
           users.invitation-sent, users.habilitations-granted, users.habilitations-refused,
           users.habilitations-not-applied, users.rattachement-request-expired,
           users.habilitations-request-expired, users.request-blocked,
           approvals.approval-opened, approvals.approval-reminded, approvals.information-requested,
           approvals.information-given,
           approvals.approval-escalated, support.ticket-opened, support.ticket-attachment-added,
           support.ticket-information-asked,
           support.ticket-information-given, support.ticket-solution-proposed,
           support.ticket-solution-refused, support.ticket-transferred, support.ticket-refiled,
           support.ticket-closed, support.ticket-overdue, support.ticket-request-done,
           support.ticket-request-failed,
           support.form-sent, support.correspondent-answered,
           structures.client-welcomed, structures.contact-told,
           structures.client-account-accepted, structures.client-account-refused,
           structures.client-contact-notifications-changed,
           users.identity-linked, users.export-ready, users.person-erased,
           users.client-secret-expiring,
           users.export-requested, users.rights-changed, users.espace-opened,
           users.espace-closed, structures.structure-created, structures.unit-created,
           structures.unit-ended, approvals.approval-decided, approvals.approval-withdrawn,
           approvals.approval-expired
Publishes  notifications.letters-gathered, notifications.address-suppressed,
           notifications.address-restored, notifications.vacancy-notice-handed-over,
           notifications.vacancy-notice-returned
"""
