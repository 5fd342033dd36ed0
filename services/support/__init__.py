"""
Those who need help, and what they ask the support desk.

Owns       support.tickets, support.numbers, support.portals, support.rights, support.erasures,
           support.portions
Consumes   users.rights-changed, structures.client-account-opened,
           structures.client-permissions-changed, users.person-erased, users.export-requested
Publishes  support.ticket-opened, support.tickets-gathered
"""
