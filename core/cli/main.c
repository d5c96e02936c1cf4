/* The program's entry: finds the command and calls it. */
#include "core/cli/command.h"
#include "core/cli/exit.h"
#include "core/cli/log.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *argp_program_version = PACKAGE_STRING;

/*
 * A full disk shows only here: what was printed must have arrived. Of a write that failed long ago
 * nobody knows the reason any more; one more byte meets the same.
 */
static void close_stdout(void)
{
    int had_error = ferror(stdout), reason = 0;
    if (had_error && write(STDOUT_FILENO, "\n", 1) < 0)
        reason = errno;
    errno = 0;
    if (fclose(stdout) == 0 && !had_error)
        return;
    errno = reason ? reason : errno;
    struct mcd_error e = {.where = "standard output"};
    snprintf(e.text, sizeof e.text, "%s", errno ? strerror(errno) : "not everything was written");
    mcd_log_error(&e);
    _exit(MCD_EXIT_FAILURE);
}

/* "mcdrop -q predict ...": the command first, as its parser wants it. */
static void put_command_first(int argc, char **argv)
{
    static const char *const common[] = {"-q", "-v", "--quiet", "--verbose"};
    int at = 1;
    for (size_t i = 0; at < argc && i < sizeof common / sizeof *common; i++)
        if (strcmp(argv[at], common[i]) == 0)
            at++, i = (size_t)-1;
    if (at < 2 || at >= argc || argv[at][0] == '-')
        return;
    char *command = argv[at];
    memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof *argv);
    argv[1] = command;
}

int main(int argc, char **argv)
{
    static char name[] = "mcdrop";
    argp_err_exit_status = MCD_EXIT_USAGE;
    if (atexit(close_stdout) != 0)
        return MCD_EXIT_FAILURE;
    put_command_first(argc, argv);
    if (argc > 1 && argv[1][0] != '-')
        return mcd_command_run(name, mcd_commands, argc, argv);
    if (argc > 0)
        argv[0] = name;
    return mcd_cmd_default(argc, argv);
}
