/* Texts and file names of users in gnuplot's scripts. */
#ifndef CORE_FIGURE_LABEL_H
#define CORE_FIGURE_LABEL_H

enum { MCD_LABEL_CHARACTERS = 60 };

/* At most MCD_LABEL_CHARACTERS, of four bytes at most, and "...". */
struct mcd_label {
    char text[4 * MCD_LABEL_CHARACTERS + 4];
};

/*
 * What can be shown: a control character becomes a blank, a byte that is not UTF-8 a question mark,
 * what is too long ends in "...".
 */
struct mcd_label mcd_label_clean(const char *text);

/* Room for a file's name, every byte of which needs an escape. */
struct mcd_quoted {
    char text[2600];
};

/*
 * The text as a string expression of gnuplot, on one line, in which gnuplot finds no commands,
 * escapes or macros. A text of more than 300 bytes is cut.
 */
struct mcd_quoted mcd_label_quote(const char *text);

#endif
