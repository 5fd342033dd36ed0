"""
Structures: who the organisations of the platform are.

Owns       structures.structures, structures.history, structures.rights
Consumes   users.rights-changed
Publishes  structures.structure-created, structures.structure-changed,
           structures.structure-duplicated
"""
