/* The steps that every backend is tried on: each op on odd shapes, with odd values. */
#ifndef TEST_CASES_H
#define TEST_CASES_H

#include "step.h"

struct case_list {
    struct step_case *at;
    uint32_t count, room;
};

/* All of them; cases_release frees the list. at is NULL if there is no memory. */
struct case_list cases_create(void);
void cases_release(struct case_list *);

/* For one family each. */
void cases_linear(struct case_list *);
void cases_image(struct case_list *);
void cases_pointwise(struct case_list *);
void cases_broadcast(struct case_list *);
void cases_softmax(struct case_list *);
void cases_noise(struct case_list *);
void cases_training(struct case_list *);

/*
 * Appends a case of one pass over `rows` (0 counts as one), without inputs; valid until the next.
 * `note` says what is special, "" if nothing is.
 */
struct step_case *case_add(struct case_list *, uint32_t op, uint32_t rows, const char *note);

/* Appends an input. */
void case_input(struct step_case *, uint32_t rows, struct mcd_shape, uint32_t fill);

void case_output(struct step_case *, uint32_t rows, struct mcd_shape);

/* The same case again, with its output in the place of an input. */
void case_in_place(struct case_list *, int input);

/* A name for an op: "linear_dx"; "?" for a number that is none. */
const char *case_op_name(uint32_t op);

#define COUNT(list) (sizeof(list) / sizeof *(list))

#endif
