/* The program's entry. */
#include <argp.h>

const char *argp_program_version = PACKAGE_STRING;

int main(int argc, char **argv)
{
    static const struct argp argp = {.doc = "Train with dropout, predict with uncertainty."};
    return argp_parse(&argp, argc, argv, 0, NULL, NULL) ? 2 : 0;
}
