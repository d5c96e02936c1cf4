/*
 * Commands: one file cmd_NAME.c each, listed in commands.c.
 *
 * A command parses its own arguments with argp, prints its result to stdout and everything else
 * through log.h, and returns an exit status. argv[0] is "mcdrop NAME".
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

struct mcd_command {
    const char *name;
    const char *help; /* one line */
    int (*run)(int argc, char **argv);
};

/* Sorted by name; end with {0}. */
extern const struct mcd_command mcd_commands[];
extern const struct mcd_command mcd_bench_parts[]; /* the second words of mcdrop bench */

/*
 * Runs what argv[1] names with the arguments behind it; its argv[0] is "PROGRAM NAME", as argp's
 * messages begin. A name that is not in the list is an error that says what is.
 */
int mcd_command_run(const char *program, const struct mcd_command *list, int argc, char **argv);

int mcd_cmd_bench(int argc, char **argv);
int mcd_cmd_bench_compare(int argc, char **argv);
int mcd_cmd_bench_samplers(int argc, char **argv);
int mcd_cmd_default(int argc, char **argv); /* what runs when no command is named */
int mcd_cmd_check(int argc, char **argv);
int mcd_cmd_evaluate(int argc, char **argv);
int mcd_cmd_info(int argc, char **argv);
int mcd_cmd_list(int argc, char **argv);
int mcd_cmd_merge(int argc, char **argv);
int mcd_cmd_new(int argc, char **argv);
int mcd_cmd_plot(int argc, char **argv);
int mcd_cmd_predict(int argc, char **argv);
int mcd_cmd_report(int argc, char **argv);
int mcd_cmd_rotate(int argc, char **argv);
int mcd_cmd_train(int argc, char **argv);
int mcd_cmd_tutorial(int argc, char **argv);

#endif
