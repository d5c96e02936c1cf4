/*
 * Inside of the fake: one lock, objects with a kind, blocks of memory, streams of work. All that is
 * declared here is called with the lock held, but for fake_enter, which takes it.
 */
#ifndef TESTS_CUDA_FAKE_INNER_H
#define TESTS_CUDA_FAKE_INNER_H

#include "fake.h"

#include <stdlib.h>
#include <string.h>

/* ---- fake.c: calls, failures, wrong uses -------------------------------------------------- */

enum fake_order { FAKE_LAZY, FAKE_EAGER, FAKE_BY_CHANCE };

struct fake_state {
    int devices, driver, runtime;
    int capability[2]; /* of the first device, and of all others */
    size_t memory;
    enum fake_order order;
    uint64_t chance;
    cudaError_t sticky;
    struct fake_counts counts;
    struct fake_library library;
};
extern struct fake_state fake;

/* Takes the lock; what the call has to return at once, or cudaSuccess. */
cudaError_t fake_enter(const char *call);
cudaError_t fake_leave(cudaError_t result); /* gives it back; result is also the last error */
cudaError_t fake_leave_library(cudaError_t result); /* libraries have a runtime of their own */

/* The body of a call. One that gives something back does so even if it fails. */
#define FAKE_CALL(expression)                                                                      \
    do {                                                                                           \
        cudaError_t before_ = fake_enter(__func__);                                                \
        return fake_leave(before_ ? before_ : (expression));                                       \
    } while (0)
#define FAKE_RELEASE(expression)                                                                   \
    do {                                                                                           \
        cudaError_t before_ = fake_enter(__func__), after_ = (expression);                         \
        return fake_leave(before_ ? before_ : after_);                                             \
    } while (0)

/* A use that CUDA forbids, of the call that is going on. Returns cudaErrorInvalidValue. */
cudaError_t fake_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

uint64_t fake_random(void); /* of the order by chance; 0 in the others */
int fake_fails_late(const char *work);

/* ---- fake_object.c: what can be made and given back --------------------------------------- */

enum fake_kind {
    FAKE_BLOCK = 1,
    FAKE_STREAM,
    FAKE_EVENT,
    FAKE_GRAPH,
    FAKE_GRAPH_EXEC,
    FAKE_LT,
    FAKE_LT_PRODUCT,
    FAKE_LT_LAYOUT,
    FAKE_LT_PREFERENCE,
    FAKE_DNN,
    FAKE_DNN_TENSOR,
    FAKE_DNN_FILTER,
    FAKE_DNN_CONVOLUTION
};

/* The first member of all of them. */
struct fake_object {
    struct fake_object *next;
    enum fake_kind kind;
};

/* Zeroed, the kind set. */
void *fake_make(enum fake_kind kind, size_t bytes);
void fake_unmake(void *object);
struct fake_object *fake_first(void);

/* 1 if it is a live object of that kind; else 0, and a wrong use, NULL among them. */
int fake_is(const void *object, enum fake_kind kind);

/* ---- fake_memory.c ----------------------------------------------------------------------- */

struct fake_block {
    struct fake_object object;
    char *at;
    size_t bytes;
    int device; /* its number; -1: host memory that the device can reach */
    char *map;
    size_t mapped;
};

/* The live block in which all of these bytes are, or NULL. */
const struct fake_block *fake_block_of(const void *at, size_t bytes);

/* 1 if they are in one block of the device; else 0, and a wrong use: `what` names them. */
int fake_on_device(int device, const void *at, size_t bytes, const char *what);

/* Each 8 bytes that are an address are one that the device can reach; else a wrong use. */
int fake_addresses_fit(int device, const void *words, size_t bytes, const char *what);

/* Device memory can be touched between these; they nest. */
void fake_memory_open(void);
void fake_memory_close(void);

/* ---- fake_stream.c ----------------------------------------------------------------------- */

/* Does one piece of work; cudaSuccess, or the error that ends the device. */
typedef cudaError_t (*fake_work)(void *args);

struct fake_item {
    struct fake_item *next;
    const char *name;
    fake_work work;
    void (*end)(void *args);
    _Alignas(16) char args[];
};

struct fake_queue {
    struct fake_item *first, **end;
};

struct CUgraph_st {
    struct fake_object object;
    struct fake_queue queue;
    int taken; /* by an executable one */
};

struct CUstream_st {
    struct fake_object object;
    uint64_t id;
    int device, blocking;
    struct fake_queue queue;
    uint64_t put, done;  /* pieces of work so far */
    cudaGraph_t capture; /* what is being captured, or NULL */
    enum cudaStreamCaptureMode mode;
    uint64_t captor; /* thread */
    int invalid;     /* the capture is */
};

/*
 * A piece of work: args and what lies at `more` are copied, one behind the other. `end`, NULL if
 * there is nothing to do, is called when it is over or will never be done.
 */
struct fake_piece {
    const char *name;
    fake_work work;
    void (*end)(void *args);
    const void *args;
    size_t bytes;
    const void *more;
    size_t more_bytes;
};

/* Puts it on the stream, or into what that captures; on NULL, the default stream, it is done. */
cudaError_t fake_put(cudaStream_t stream, const struct fake_piece *piece);

/* 1 for a live stream, or the default one; else 0, and a wrong use. */
int fake_is_stream(cudaStream_t stream);
int fake_stream_device(cudaStream_t stream);

/* Does all that is on it; the default stream waits for those that are not cudaStreamNonBlocking. */
cudaError_t fake_finish(cudaStream_t stream);
void fake_do_until(struct CUstream_st *s, uint64_t done); /* the first pieces */
cudaError_t fake_do(struct fake_item *item);
struct CUstream_st *fake_stream_of(uint64_t id); /* NULL if it is no more */
void fake_stir(void);                            /* some work by chance */
void fake_queue_clear(struct fake_queue *queue);
void fake_forget_all(void); /* what is on streams will never be done */

/* cudaSuccess, or the error of a call that no thread may make during a capture, which it ends. */
cudaError_t fake_unsafe(void);
cudaError_t fake_unsafe_on(cudaStream_t stream); /* the same of a call on this stream */

uint64_t fake_thread(void);
int fake_device(void); /* the calling thread's */
int fake_capability(int device);

#endif
