"""
Those who need help, and what they ask the support desk.

Owns       support.tickets, support.numbers, support.portals, support.contacts, support.rights,
           support.structures, support.units, support.people, support.objects,
           support.erasures, support.portions
Consumes   users.rights-changed, structures.client-account-opened,
           structures.client-permissions-changed, structures.client-contact-permissions-changed,
           structures.structure-created, structures.structure-changed, structures.unit-created,
           structures.unit-changed, structures.unit-ended, users.person-changed,
           users.person-erased, users.export-requested
Publishes  support.ticket-opened, support.tickets-gathered
"""
