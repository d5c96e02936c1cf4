#include "libraries.h"

#include <dlfcn.h>
#include <stdio.h>

#define TEXT(x)   #x
#define NUMBER(x) TEXT(x)
#define CUBLASLT  "libcublasLt.so." NUMBER(CUBLAS_VER_MAJOR)
#define CUDNN     "libcudnn.so." NUMBER(CUDNN_MAJOR)
#define FOLDER    MCD_CUDA_LIBRARIES /* of the toolkit that this was built with, "" for none */

struct function {
    const char *name; /* NULL ends a list */
    size_t offset;    /* of its pointer in struct mcd_cuda_libraries */
};

#define ROW(name) {#name, offsetof(struct mcd_cuda_libraries, name)},
static const struct function cublaslt_functions[] = {MCD_CUBLASLT_CALLS(ROW){NULL, 0}};
static const struct function cudnn_functions[] = {MCD_CUDNN_CALLS(ROW){NULL, 0}};

/*
 * The loader's, so that LD_LIBRARY_PATH decides, else that of the toolkit. They stay in the process
 * when they are closed: hundreds of megabytes need not be loaded again for the next backend, and
 * code that the driver has registered does not go.
 */
enum { HOW = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE };

static int open_library(const struct mcd_cuda *cuda, const char *name, void **handle,
                        struct mcd_error *error)
{
    char path[4096], reason[256];
    *handle = dlopen(name, HOW);
    if (*handle)
        return MCD_OK;
    snprintf(reason, sizeof reason, "%s", dlerror());
    snprintf(path, sizeof path, "%s/%s", FOLDER, name);
    *handle = *FOLDER ? dlopen(path, HOW) : NULL;
    if (*handle)
        return MCD_OK;
    return cuda->host->fail(error, MCD_DEVICE, name,
                            "cannot be loaded (%s): expected it among the loader's libraries, on "
                            "LD_LIBRARY_PATH%s%s",
                            reason, *FOLDER ? " or in " : "", FOLDER);
}

static int find_functions(const struct mcd_cuda *cuda, const char *name, void *handle,
                          const struct function *f, struct mcd_error *error)
{
    for (; f->name; f++) {
        void *address = dlsym(handle, f->name);
        if (!address)
            return cuda->host->fail(error, MCD_DEVICE, name, "has no %s: expected a later version",
                                    f->name);
        *(void **)((char *)cuda->libraries + f->offset) = address;
    }
    return MCD_OK;
}

static int open_both(struct mcd_cuda *cuda, struct mcd_error *error)
{
    struct mcd_cuda_libraries *l = cuda->libraries;
    int status = open_library(cuda, CUBLASLT, &l->cublaslt, error);
    if (status == MCD_OK)
        status = find_functions(cuda, CUBLASLT, l->cublaslt, cublaslt_functions, error);
    if (status == MCD_OK)
        status = open_library(cuda, CUDNN, &l->cudnn, error);
    if (status == MCD_OK)
        status = find_functions(cuda, CUDNN, l->cudnn, cudnn_functions, error);
    return status;
}

static int make_handles(struct mcd_cuda *cuda, struct mcd_error *error)
{
    struct mcd_cuda_libraries *l = cuda->libraries;
    cublasStatus_t lt = l->cublasLtCreate(&l->lt);
    if (lt != CUBLAS_STATUS_SUCCESS) {
        l->lt = NULL;
        return cuda->host->fail(error, MCD_DEVICE, CUBLASLT,
                                "cannot be used: status %d of "
                                "cublasLtCreate",
                                (int)lt);
    }
    cudnnStatus_t dnn = l->cudnnCreate(&l->dnn);
    if (dnn != CUDNN_STATUS_SUCCESS) {
        l->dnn = NULL;
        return cuda->host->fail(error, MCD_DEVICE, CUDNN, "cannot be used: %s",
                                l->cudnnGetErrorString(dnn));
    }
    return MCD_OK;
}

int mcd_cuda_libraries_open(struct mcd_cuda *cuda, struct mcd_error *error)
{
    const struct mcd_host *host = cuda->host;
    struct mcd_cuda_libraries *l = host->alloc(host, sizeof *l);
    if (!l)
        return host->fail(error, MCD_NOMEM, "memory", "%zu bytes are not to be had", sizeof *l);
    *l = (struct mcd_cuda_libraries){.cublaslt = NULL};
    cuda->libraries = l;
    int status = open_both(cuda, error);
    if (status == MCD_OK)
        status = make_handles(cuda, error);
    if (status)
        mcd_cuda_libraries_close(cuda);
    return status;
}

void mcd_cuda_libraries_close(struct mcd_cuda *cuda)
{
    struct mcd_cuda_libraries *l = cuda->libraries;
    if (!l)
        return;
    if (l->dnn)
        l->cudnnDestroy(l->dnn);
    if (l->lt)
        l->cublasLtDestroy(l->lt);
    if (l->cudnn)
        dlclose(l->cudnn);
    if (l->cublaslt)
        dlclose(l->cublaslt);
    cuda->libraries = NULL;
    cuda->host->release(cuda->host, l);
}
