/* Real numbers of either precision: what backends compute in, from one type to the other. */
#ifndef CORE_REALS_H
#define CORE_REALS_H

#include <stddef.h>
#include <stdint.h>

/* Copies n numbers; the types are MCD_F32 or MCD_F64. A double is rounded to the nearest float. */
void mcd_reals_copy(void *to, uint32_t to_type, const void *from, uint32_t from_type, size_t n);

/* Number i of an array. */
double mcd_reals_at(const void *from, uint32_t type, size_t i);

#endif
