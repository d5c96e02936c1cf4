/* Random words one after the other, from one address on. Beyond 2^26 of them the row goes on. */
#ifndef CORE_WORD_STREAM_H
#define CORE_WORD_STREAM_H

#include <mcdrop/random.h>

/* Set `at` but for its row, the rest to 0. */
struct mcd_word_stream {
    struct mcd_address at;
    uint64_t next; /* words taken so far */
    struct mcd_words words;
};

static inline uint32_t mcd_next_word(struct mcd_word_stream *s)
{
    if (s->next % 4 == 0) {
        uint64_t block = s->next / 4; /* of which the counter holds 24 bits */
        s->at.row = (uint32_t)(block >> 24);
        s->words = mcd_noise_words(&s->at, (uint32_t)block & 0xFFFFFFu);
    }
    return s->words.w[s->next++ % 4];
}

#endif
