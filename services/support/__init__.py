"""
Those who need help, and what they ask the support desk.

Owns       support.tickets, support.numbers, support.portals, support.contacts, support.rights,
           support.erasures, support.portions
Consumes   users.rights-changed, structures.client-account-opened,
           structures.client-permissions-changed, structures.client-contact-permissions-changed,
           users.person-erased, users.export-requested
Publishes  support.ticket-opened, support.tickets-gathered
"""
