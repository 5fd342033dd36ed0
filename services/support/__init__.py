"""
Those who need help, and what they ask the support desk.

Owns       support.tickets, support.entries, support.exports, support.attachments,
           support.attachments-counts, support.numbers,
           support.portals, support.contacts, support.rights, support.structures, support.units,
           support.people, support.objects, support.erasures, support.portions,
           support.efforts, support.forms, support.form-letters, support.requests,
           support.exchanges, support.seats
Consumes   users.rights-changed, structures.client-account-opened,
           structures.client-permissions-changed, structures.client-contact-permissions-changed,
           structures.structure-created, structures.structure-changed, structures.unit-created,
           structures.unit-changed, structures.unit-ended, users.person-changed,
           users.person-erased, users.export-requested, users.reactivation-settled,
           structures.public-structure-settled
Publishes  support.ticket-opened, support.ticket-taken, support.ticket-released,
           support.ticket-noted, support.ticket-attachment-added,
           support.ticket-information-asked,
           support.ticket-information-given, support.ticket-solution-proposed,
           support.ticket-solution-refused, support.ticket-transferred, support.ticket-refiled,
           support.ticket-closed, support.ticket-overdue, support.ticket-request-done,
           support.ticket-request-failed, support.tickets-gathered,
           support.form-sent, support.correspondent-answered, support.reactivation-accepted,
           support.public-structure-accepted
"""
