/*
 * Steps of the tutorial: each is one mcdrop command line, the files that it reads and leaves, and
 * how far it is.
 *
 * Names of files are relative to the tutorial's folder. In the words of a
 * command '@' stands for that folder, so that a command is the same wherever it lies.
 */
#ifndef CORE_TUTORIAL_STEP_H
#define CORE_TUTORIAL_STEP_H

#include "core/tutorial/scale.h"

#include <stddef.h>

enum { MCD_STEP_WORDS = 40, MCD_STEP_OUTPUTS = 5, MCD_MAX_STEPS = 96, MCD_STEP_TEXT = 1 << 16 };

struct mcd_word {
    const char *text;
    int is_template;   /* '@' in it is the folder */
    const char *file;  /* the step's input that it names; NULL: none */
    int optional;      /* left out while that file is not there: one of several curves */
    int is_incidental; /* changes no result: --threads */
};

enum mcd_step_state {
    MCD_STEP_OPEN = 0,
    MCD_STEP_DONE,    /* in this call */
    MCD_STEP_SKIPPED, /* done before */
    MCD_STEP_FAILED,
    MCD_STEP_BLOCKED, /* what it needs failed */
    MCD_STEP_UNWANTED /* of a part that was not asked for, and not done before */
};

struct mcd_step {
    const char *id; /* the name of its log and stamp */
    enum mcd_part part;
    struct mcd_word word[MCD_STEP_WORDS];
    unsigned words;
    const char *output[MCD_STEP_OUTPUTS];
    unsigned outputs;
    const char *data; /* what the data set is that it reads (struct mcd_tutorial); or NULL */
    int captures;     /* stdout becomes output[0] */
    int trains;       /* goes on from its checkpoint with --resume */
    int has_verdict;  /* exit status 1 may mean a bad verdict on results that are there */
    double cost;      /* seconds to expect on two cores */

    enum mcd_step_state state;
    int is_bad;         /* the verdict was bad */
    double seconds;     /* that it took, in this call or before */
    const char *reason; /* of FAILED and BLOCKED */
};

/* All of them, in order: a step comes after those whose files it reads. About 400 kB. */
struct mcd_steps {
    struct mcd_step step[MCD_MAX_STEPS];
    size_t count, used;
    int is_full; /* something had no room: a mistake in the plan */
    char text[MCD_STEP_TEXT];
};

/* printf into the steps' own text; never NULL. */
const char *mcd_steps_text(struct mcd_steps *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A new step with the words of `format`, separated by single blanks, '@' the folder. Never NULL. */
struct mcd_step *mcd_steps_add(struct mcd_steps *s, enum mcd_part part, const char *id,
                               const char *format, ...) __attribute__((format(printf, 4, 5)));

/* One more word, with blanks and '@' as they are. */
void mcd_step_word(struct mcd_steps *s, struct mcd_step *step, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The word BEFORE@FILE, an input. */
void mcd_step_input(struct mcd_steps *s, struct mcd_step *step, const char *before,
                    const char *file);
void mcd_step_optional(struct mcd_steps *s, struct mcd_step *step, const char *before,
                       const char *file);

void mcd_step_output(struct mcd_steps *s, struct mcd_step *step, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The step that leaves `file`; NULL: none does. */
const struct mcd_step *mcd_steps_maker(const struct mcd_steps *s, const char *file);

const struct mcd_step *mcd_steps_find(const struct mcd_steps *s, const char *id);

static inline int mcd_step_is_there(const struct mcd_step *step)
{
    return step && (step->state == MCD_STEP_DONE || step->state == MCD_STEP_SKIPPED);
}

/* Whether the step's file of this name is there and of these settings. */
static inline int mcd_steps_have(const struct mcd_steps *s, const char *file)
{
    return mcd_step_is_there(mcd_steps_maker(s, file));
}

/*
 * The word as it is run, with `dir` for '@', into text of `size` bytes; 0 if it is left out for
 * want of its file.
 */
int mcd_step_expand(const struct mcd_steps *s, const struct mcd_word *word, const char *dir,
                    char *text, size_t size);

/*
 * The command as a user would type it, "mcdrop train ...", quoted for a shell, with `dir` for '@';
 * cut if `size` is too small.
 */
void mcd_step_show(const struct mcd_steps *s, const struct mcd_step *step, const char *dir,
                   char *text, size_t size);

/* Marks as wanted the steps of these parts and what they need; others become UNWANTED. */
void mcd_steps_want(struct mcd_steps *s, unsigned parts);

#endif
