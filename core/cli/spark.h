/*
 * Sparklines: a series of numbers as one line of text, a character a number, higher for a larger
 * one. Whoever prints one says the numbers beside it; the line says the course between them.
 */
#ifndef CLI_SPARK_H
#define CLI_SPARK_H

#include <stddef.h>

enum { MCD_SPARK_COLUMNS = 120 }; /* at most */

struct mcd_spark {
    char text[3 * MCD_SPARK_COLUMNS + 1]; /* a block takes three bytes of UTF-8 */
    int is_log; /* heights are logarithms: the largest is more than ten times the least */
};

/*
 * A series of more numbers than `columns` becomes means of neighbours. What is not finite has no
 * height and is left blank; where all are equal, all are at half height. Eight heights, as blocks
 * or, without UTF-8, as marks of growing weight: .:-=+*#@
 */
struct mcd_spark mcd_spark(const double *value, size_t count, int columns, int utf8);

#endif
