/*
 * What can be shown where a stream goes: how wide its terminal is, and which characters the user's
 * locale has. The program itself stays in the C locale, so that numbers are written in it.
 */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

/* Columns of the terminal that `fd` is, else COLUMNS of the environment, else 80. */
int mcd_screen_columns(int fd);

/* Whether LC_ALL, LC_CTYPE or LANG ask for UTF-8. */
int mcd_screen_has_utf8(void);

#endif
