"""
Structures: who the organisations of the platform are.

Owns       structures.structures, structures.units, structures.history, structures.rights,
           structures.attachments, structures.bank-details, structures.bank-registers,
           structures.client-accounts, structures.client-references,
           structures.client-profiles, structures.client-contacts,
           structures.client-messages, structures.order-checks, structures.facts,
           structures.turnovers, structures.contacts, structures.mandates, structures.erasures,
           structures.portions, structures.public-structures
Consumes   users.rights-changed, users.vacancy-code-requested, users.person-erased,
           approvals.approval-decided, approvals.approval-withdrawn, approvals.approval-expired,
           users.export-requested, support.public-structure-accepted
Publishes  structures.structure-created, structures.structure-changed,
           structures.structure-duplicated, structures.unit-created, structures.unit-changed,
           structures.unit-ended,
           structures.attachment-added, structures.attachment-infected,
           structures.attachment-removed, structures.bank-details-added,
           structures.bank-details-modified, structures.bank-details-deactivated,
           structures.client-account-opened, structures.client-account-accepted,
           structures.client-account-refused, structures.client-properties-changed,
           structures.client-defaults-changed, structures.client-permissions-changed,
           structures.client-contact-permissions-changed,
           structures.client-contact-notifications-changed, structures.client-welcomed,
           structures.contact-told, structures.question-asked, structures.records-gathered,
           structures.public-structure-settled
"""
