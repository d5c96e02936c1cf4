/* From one place of the file system to another, as a relative reference. */
#ifndef CORE_REPORT_WAY_H
#define CORE_REPORT_WAY_H

#include <mcdrop/error.h>

/*
 * What a path in `folder` must begin with to be found from where the file `from` lies (or will
 * lie): "" where it lies in that folder, else "../" and "NAME/" as needed. Links are resolved. *way
 * is to be freed, NULL on failure.
 */
int mcd_way(const char *from, const char *folder, char **way, struct mcd_error *e);

#endif
