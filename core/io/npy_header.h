/* The header of an NPY file as text, for npy.c alone: what it says, and how it is written. */
#ifndef CORE_IO_NPY_HEADER_H
#define CORE_IO_NPY_HEADER_H

#include <mcdrop/error.h>
#include <mcdrop/tensor.h>

#include <stddef.h>
#include <stdint.h>

struct mcd_npy_header {
    uint32_t type; /* enum mcd_type */
    int little;    /* byte order of the values */
    int fortran;   /* the first index runs fastest */
    uint32_t rank;
    int64_t dim[MCD_MAX_RANK];
    size_t start; /* first byte of the values */
};

/* Reads magic, version, length and dictionary, strictly: three keys, each once, nothing else. */
int mcd_npy_header_parse(const unsigned char *bytes, size_t size, const char *name,
                         struct mcd_npy_header *h, struct mcd_error *e);

/* Longest header that mcd_npy_header_format makes. */
#define MCD_NPY_HEADER_MAX 256

/* Writes a version 1 header in native order and returns its length, a multiple of 64. */
size_t mcd_npy_header_format(const struct mcd_npy_header *h, char text[MCD_NPY_HEADER_MAX]);

#endif
