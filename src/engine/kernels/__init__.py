"""The loops that are compiled: arrays and scalars in, arrays and codes out.

Explicit signatures (one each: inputs may be read-only or memory-mapped), no parallel, no fastmath, so the same input
gives the same bits. Kernels that call each other share a file: numba's cache does not see changes in other files.
"""
