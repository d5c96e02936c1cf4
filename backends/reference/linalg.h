/* The reference's linear algebra: a table without state. */
#ifndef REFERENCE_LINALG_H
#define REFERENCE_LINALG_H

#include <mcdrop/linalg.h>

extern const struct mcd_linalg mcd_reference_linalg;

#endif
