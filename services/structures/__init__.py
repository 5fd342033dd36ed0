"""
Structures: who the organisations of the platform are.

Owns       structures.structures, structures.rights
Consumes   users.rights-changed
Publishes  structures.structure-created
"""
