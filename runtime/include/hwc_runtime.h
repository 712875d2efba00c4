/*
 * Loads and runs models compiled by hwc.
 *
 * Link with libhwc_runtime (shared: -lhwc_runtime; static: libhwc_runtime.a -lpthread -ldl -lm).
 *
 * Functions that can fail return a status; hwc_last_error says in words what went wrong. A session may be used from
 * several threads at once. Nothing here prints, exits, or changes global state.
 */
#ifndef HWC_RUNTIME_H
#define HWC_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header. A library that offers another one refuses to open a session. */
#define HWC_API_VERSION 2

typedef int32_t hwc_status;
enum {
    HWC_OK = 0,
    /* The file or the tensors are wrong or do not fit. */
    HWC_ERROR_INPUT = 1,
    /* The function was called in a wrong way: a null pointer, an index out of range, another API version. */
    HWC_ERROR_CALL = 2,
    /* The environment is at fault: files, permissions, memory. */
    HWC_ERROR_ENVIRONMENT = 3,
    /* A defect of hwc. */
    HWC_ERROR_DEFECT = 4
};

/* The type of an element. Types narrower than a byte take a byte each: integers sign- or zero-extended, F4E2M1 as its
 * code in the low four bits; BOOL is 0 or 1. The numbers are those of ONNX. */
typedef int32_t hwc_dtype;
enum {
    HWC_BOOL = 9,
    HWC_I2 = 26,
    HWC_I4 = 22,
    HWC_I8 = 3,
    HWC_I16 = 5,
    HWC_I32 = 6,
    HWC_I64 = 7,
    HWC_U2 = 25,
    HWC_U4 = 21,
    HWC_U8 = 2,
    HWC_U16 = 4,
    HWC_U32 = 12,
    HWC_U64 = 13,
    HWC_F16 = 10,
    HWC_BF16 = 16,
    HWC_F32 = 1,
    HWC_F64 = 11,
    HWC_F8E4M3FN = 17,
    HWC_F8E4M3FNUZ = 18,
    HWC_F8E5M2 = 19,
    HWC_F8E5M2FNUZ = 20,
    HWC_F8E8M0 = 24,
    HWC_F4E2M1 = 23
};

/* The input may be left out, since its value is compiled in; where it is given, it must have that value. */
#define HWC_TENSOR_BOUND 1u

/* A row-major tensor. hwc_session_input and hwc_session_output fill everything but data. */
typedef struct hwc_tensor {
    /* Name of the input or output, as UTF-8. */
    const char *name;
    /* The extents, outermost first; may be null where the rank is 0. */
    const size_t *shape;
    /* The elements, aligned to the size of one; may be null where there are none. Not written to for inputs. */
    void *data;
    /* Length of data in bytes. */
    size_t bytes;
    /* Number of extents. */
    size_t rank;
    hwc_dtype dtype;
    /* HWC_TENSOR_BOUND or 0; not read by hwc_session_run. */
    uint32_t flags;
} hwc_tensor;

/* A loaded model. */
typedef struct hwc_session hwc_session;

/* Threads that share the work of a call; also what hwc_run of a model compiled as a library takes. */
#ifndef HWC_WORKERS
#define HWC_WORKERS
typedef struct hwc_workers {
    /* Into how many parts loops are split; 0 and 1 mean the calling thread alone. */
    uint32_t threads;
    /* Calls task(frame, part, parts) exactly once for each part below parts, on whatever threads, in any order or at the
     * same time, and returns when all have returned. */
    void (*parallel)(void *context, void (*task)(void *frame, uint32_t part, uint32_t parts), void *frame,
                     uint32_t parts);
    /* Handed to parallel. */
    void *context;
} hwc_workers;
#endif

/* A pool of threads. */
typedef struct hwc_pool hwc_pool;

/* The HWC_API_VERSION of the library. */
uint32_t hwc_api_version(void);

/* The library's version as text: "0.1.0". */
const char *hwc_version(void);

/* What went wrong in the last call of this thread that failed; empty if none did. Valid until the next one fails. */
const char *hwc_last_error(void);

/* Loads a model from an artifact, or from a library with its weights beside it. The file must stay as it is while the
 * session lives (replacing it by renaming is fine). Its code becomes part of the process: open only what you would run
 * as a program. Give HWC_API_VERSION as api_version. */
hwc_status hwc_session_open(uint32_t api_version, const char *path, hwc_session **session);

/* Frees a session that no thread uses; null is allowed. */
void hwc_session_close(hwc_session *session);

/* The manifest as JSON. Lives as long as the session. Null if the session is. */
const char *hwc_session_manifest(const hwc_session *session);

/* The number of inputs and outputs. 0 if the session is null. */
size_t hwc_session_input_count(const hwc_session *session);
size_t hwc_session_output_count(const hwc_session *session);

/* Describes an input or output. Its name and shape live as long as the session; its data is null. */
hwc_status hwc_session_input(const hwc_session *session, size_t index, hwc_tensor *tensor);
hwc_status hwc_session_output(const hwc_session *session, size_t index, hwc_tensor *tensor);

/* Runs the model on inputs in any order, found by name, and writes every output to the memory given for it. No output
 * may overlap another tensor. Everything that does not fit is listed in the error. After an error the contents of the
 * outputs are undefined. Allocates nothing once as many calls have run at the same time as do now, as long as inputs
 * are aligned to their elements. */
hwc_status hwc_session_run(const hwc_session *session, const hwc_tensor *inputs, size_t input_count,
                           const hwc_tensor *outputs, size_t output_count);

/* Which threads compute a session's calls: at most so many, the calling thread among them; 0 is as many as the process may
 * run at once, which is what a session begins with. All sessions share them: one call at a time has them, and a call
 * that finds them in use is computed by its own thread. Results are the same to the last bit whatever is chosen. No call
 * of the session may be running. */
hwc_status hwc_session_set_threads(hwc_session *session, uint32_t threads);

/* Has a session's calls computed by the caller's own threads; null is the calling thread alone. The table is copied; its
 * function is called with its context, from several threads at once if the session is, as long as the session lives. No
 * call of the session may be running. */
hwc_status hwc_session_set_workers(hwc_session *session, const hwc_workers *workers);

/* Makes a pool of so many threads, the calling one among them; 0 is as many as the process may run at once, 1024 the most.
 * They start with the first loop that is split, and sleep where there is nothing to do. */
hwc_status hwc_pool_create(uint32_t threads, hwc_pool **pool);

/* The threads of a pool as hwc_run and hwc_session_set_workers take them. Lives as long as the pool. Null if the pool is. */
const hwc_workers *hwc_pool_workers(const hwc_pool *pool);

/* Ends the threads of a pool that no call uses any more and no session will use; null is allowed. */
void hwc_pool_destroy(hwc_pool *pool);

/* Frees the scratch memory that no running call uses. The next calls allocate it again. */
void hwc_session_release_memory(const hwc_session *session);

#ifdef __cplusplus
}
#endif

#endif
