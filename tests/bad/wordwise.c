/* Reads copy whole words of 4 bytes. */
#include <mcdrop/backend.h>

#define BROKEN_READ read_words
static int read_words(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *error);
#include "broken.h"

static int read_words(void *self, const struct mcd_tensor *from, void *to, struct mcd_error *error)
{
    (void)self, (void)error;
    memcpy(to, mcd_host_pointer(from), (tensor_bytes(from) + 3) / 4 * 4);
    return MCD_OK;
}

static mcd_kernel_run broken(const struct mcd_step *step)
{
    (void)step;
    return NULL;
}

BROKEN("wordwise", "reads write beyond what they were given");
