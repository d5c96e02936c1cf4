/*
 * The backends that plugins can be tried on: those in the search path that open and compute in f32.
 */
#ifndef CORE_CHECK_INSTALLED_H
#define CORE_CHECK_INSTALLED_H

#include <mcdrop/error.h>

enum { MCD_INSTALLED_MOST = 16, MCD_INSTALLED_NAME = 64 };

/* "reference" first, whether it is in the path or not. */
struct mcd_installed {
    uint32_t count;
    char name[MCD_INSTALLED_MOST][MCD_INSTALLED_NAME];
};

int mcd_installed_find(struct mcd_installed *, struct mcd_error *e);

#endif
