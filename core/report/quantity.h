/*
 * A value and its error as text, with the digits that the error supports: 313 ± 5, 0.0832 ± 0.0004.
 */
#ifndef CORE_REPORT_QUANTITY_H
#define CORE_REPORT_QUANTITY_H

/*
 * Pieces rather than one text, so that columns can be aligned at the decimal point. The sign is
 * '-', the point '.'; what stands around the pieces is the renderer's.
 */
struct mcd_quantity {
    char whole[32];    /* "-313" */
    char fraction[32]; /* ".0832", or nothing */
    char error[32];    /* "0.0004", or nothing */
    int exponent;      /* value and error are to be multiplied by this power of ten */
};

/*
 * The error keeps two digits where they begin with 1.0 to 3.5 and else one (the rule of the
 * Particle Data Group), and the value ends at the same decimal place; whole numbers are never
 * rounded to tens. Without an error (NaN) or with the error 0 the value keeps `digits` significant
 * digits, for 0 at most 6 without zeros at the end, and whole numbers all of theirs. Powers of ten
 * are split off from 1e7 on and below 1e-4. `value` is finite.
 */
struct mcd_quantity mcd_quantity_show(double value, double error, int digits);

#endif
