/* Exit statuses of the program, the same for every command. */
#ifndef CLI_EXIT_H
#define CLI_EXIT_H

#include <mcdrop/error.h>

enum mcd_exit {
    MCD_EXIT_OK = 0,
    MCD_EXIT_FAILURE = 1,
    MCD_EXIT_USAGE = 2,  /* a wrong option or parameter */
    MCD_EXIT_DEVICE = 3, /* a backend or its device is not available */
    MCD_EXIT_INTERRUPTED = 130
};

/* What a failure of the core means. What is the user's wrong option, only the caller knows. */
static inline int mcd_exit_of(int status)
{
    switch (status) {
    case MCD_OK:
        return MCD_EXIT_OK;
    case MCD_DEVICE:
        return MCD_EXIT_DEVICE;
    case MCD_STOPPED:
        return MCD_EXIT_INTERRUPTED;
    default:
        return MCD_EXIT_FAILURE;
    }
}

#endif
