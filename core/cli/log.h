/*
 * What the program tells its user on stderr: log lines, errors, and one status line that stays at
 * the bottom of a terminal. From any thread. Results go to stdout and are no business of this file.
 */
#ifndef CLI_LOG_H
#define CLI_LOG_H

#include <mcdrop/plugin.h>

/* Lines above this level are dropped: an enum mcd_log_level, 0 for errors alone. Default: info. */
void mcd_log_level(int level);

/* "mcdrop: LINE"; warnings and debugging say so. */
void mcd_log(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The sink for mcd_host_create; `arg` is not used. */
void mcd_log_sink_stderr(void *arg, int level, const char *line);

/* "mcdrop: WHERE: TEXT", whatever the level. */
void mcd_log_error(const struct mcd_error *);

/* Whether stderr is a terminal that can show a status line. */
int mcd_log_has_status(void);

/* Characters that a status line has room for. */
int mcd_log_columns(void);

/* Replaces the status line; NULL removes it. Without a terminal nothing happens. */
void mcd_log_status(const char *line);

#endif
