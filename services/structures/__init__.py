"""
Structures: who the organisations of the platform are.

Owns       structures.structures, structures.rights, structures.client-accounts,
           structures.client-references, structures.client-profiles, structures.client-contacts,
           structures.client-messages, structures.order-checks, structures.facts,
           structures.turnovers
Consumes   users.rights-changed
Publishes  structures.structure-created, structures.client-account-opened,
           structures.client-properties-changed, structures.client-defaults-changed,
           structures.client-permissions-changed, structures.client-welcomed
"""
