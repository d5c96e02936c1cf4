/* Byte orders: integers at any address, and the reversal of whole arrays in place. */
#ifndef CORE_IO_ENDIAN_H
#define CORE_IO_ENDIAN_H

#include <stddef.h>
#include <stdint.h>

static inline int mcd_host_is_little(void)
{
    const uint16_t one = 1;
    return *(const unsigned char *)&one == 1;
}

/* An unsigned number of `size` <= 8 bytes, the first byte lowest. */
static inline uint64_t mcd_load_little(const unsigned char *p, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i > 0; i--)
        value = value << 8 | p[i - 1];
    return value;
}

/* The same, the first byte highest. */
static inline uint64_t mcd_load_big(const unsigned char *p, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | p[i];
    return value;
}

static inline void mcd_store_little(unsigned char *p, size_t size, uint64_t value)
{
    for (size_t i = 0; i < size; i++, value >>= 8)
        p[i] = (unsigned char)value;
}

/* Reverses the bytes of each of `count` elements. */
static inline void mcd_swap_bytes(void *data, size_t count, size_t size)
{
    unsigned char *p = data;
    for (; count > 0; count--, p += size)
        for (size_t i = 0, j = size - 1; i < j; i++, j--) {
            unsigned char low = p[i];
            p[i] = p[j];
            p[j] = low;
        }
}

#endif
