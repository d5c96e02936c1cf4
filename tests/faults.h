/*
 * Faults: for a test program that is linked with -Wl,--wrap (fault_points in Makefile.am), every
 * allocation and every step of writing a file that the code under test asks for can fail in turn.
 *
 * Covered is what objects linked into the program ask for: the core, also on behalf of plugins, who
 * allocate through the host; jansson, whose allocator is set; zlib and the C library where they
 * allocate for their callers (gzdopen, fdopen, ...). Allocations and open handles are counted.
 */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

/* What can fail: X(constant, name for messages, errno). Memory is first. */
#define FAULTS(X)                                                                                  \
    X(FAULT_MEMORY, "memory", ENOMEM)                                                              \
    X(FAULT_CREATE, "open", EACCES)                                                                \
    X(FAULT_WRITE, "fwrite", ENOSPC)                                                               \
    X(FAULT_SEEK, "fseeko", EIO)                                                                   \
    X(FAULT_FLUSH, "fflush", EDQUOT)                                                               \
    X(FAULT_SYNC, "fsync", EIO)                                                                    \
    X(FAULT_CLOSE, "fclose", EIO)                                                                  \
    X(FAULT_RENAME, "rename", EPERM)

enum fault {
#define FAULT_CONSTANT(constant, name, error) constant,
    FAULTS(FAULT_CONSTANT)
#undef FAULT_CONSTANT
        FAULT_KINDS
};

const char *fault_name(enum fault kind);
int fault_errno(enum fault kind);

/*
 * From now on the k-th of that kind fails, once; 0: none. The clock starts at 0, one tick a look.
 */
void faults_start(enum fault kind, unsigned long k);

/* Nothing fails any more. Returns 1 if something has failed since faults_start. */
int faults_stop(void);

/* Allocations that were not freed, and files, streams and modules that were not closed. */
long faults_live(void);

#endif
