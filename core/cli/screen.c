/* Asking the terminal, the environment and the locale. */
#include "core/cli/screen.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum { USUAL = 80, LEAST = 2, MOST = 10000 };

int mcd_screen_columns(int fd)
{
    struct winsize size;
    const char *text = getenv("COLUMNS");
    char *end = NULL;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= LEAST)
        return size.ws_col;
    long columns = text ? strtol(text, &end, 10) : 0;
    return text && !*end && columns >= LEAST && columns <= MOST ? (int)columns : USUAL;
}

int mcd_screen_has_utf8(void)
{
    locale_t user = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (!user) /* it is not installed: then it is C's */
        return 0;
    int utf8 = strcmp(nl_langinfo_l(CODESET, user), "UTF-8") == 0;
    freelocale(user);
    return utf8;
}
