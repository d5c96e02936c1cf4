/*
 * Errors: a status that is returned and a text that is kept.
 *
 * Every function that can fail returns an enum mcd_status as int (MCD_OK is 0) and takes a
 * `struct mcd_error *` that says what went wrong, where, and what would have been right. The
 * first failure stays: recording into an error that already holds one changes nothing. The
 * pointer may be NULL where the caller wants the status alone.
 */
#ifndef MCDROP_ERROR_H
#define MCDROP_ERROR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mcd_status {
    MCD_OK = 0,
    MCD_INVALID,     /* the input, a parameter or a shape is wrong; the text says what is right */
    MCD_NOMEM,       /* an allocation failed */
    MCD_UNSUPPORTED, /* well-formed, but this plugin or build cannot do it */
    MCD_DEVICE,      /* a backend or its device is not available, or failed */
    MCD_IO,          /* the operating system refused to read or write a file */
    MCD_STOPPED      /* interrupted on request; what was done so far is kept */
};

/*
 * Owned by the caller, initialised with {0}, and again before it is used for another call. Not for
 * two threads at once. Nothing in it points anywhere: it may be copied.
 */
struct mcd_error {
    int32_t code;    /* enum mcd_status; MCD_OK: nothing recorded yet */
    char where[124]; /* file (with line or byte), parameter, op or plugin; "" if the text says it */
    char text[384];  /* one line, no trailing full stop, no newline */
};

#ifdef __cplusplus
}
#endif
#endif
