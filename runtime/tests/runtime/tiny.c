// A model written by hand in the way the compiler writes them: y = x * w + b, count = number of elements.
#include <stdint.h>
#include <string.h>

#define N 1000

#ifdef MANIFEST
const char hwc_manifest[] = MANIFEST;
#endif

#ifndef NO_ENTRY
typedef struct {
    uint32_t threads;
    void (*parallel)(void *context, void (*task)(void *frame, uint32_t part, uint32_t parts), void *frame, uint32_t parts);
    void *context;
} workers_table;

static void multiply(void *frame, uint32_t part, uint32_t parts) {
    void **pointers = frame;
    const float *x = pointers[0], *w = pointers[1];
    float *scratch = pointers[2];
    uint32_t end = (uint64_t)N * (part + 1) / parts;
    for (uint32_t i = (uint64_t)N * part / parts; i < end; i++) scratch[i] = x[i] * w[i];
}

int32_t hwc_run(const void *weights, void *arena, const void *const *inputs, void *const *outputs,
                const workers_table *workers) {
    const float *x = inputs[0];
    const uint8_t *negate = inputs[1];
    const float *w = weights;
    const float *b = (const float *)((const char *)weights + 4032);
    float *scratch = arena;
    if (workers && workers->threads < 2) return 99;
    if (((uintptr_t)weights | (uintptr_t)arena) % 64) return 98;
    // The intermediate goes through the arena, so that two calls that shared one would spoil each other's.
    for (int round = 0; round < 20; round++) {
        void *frame[] = {(void *)x, (void *)w, scratch};
        if (workers) {
            workers->parallel(workers->context, multiply, frame, workers->threads);
        } else {
            multiply(frame, 0, 1);
        }
        for (int i = 0; i < N; i++) ((float *)outputs[0])[i] = scratch[i] + b[i];
    }
    if (*negate)
        for (int i = 0; i < N; i++) ((float *)outputs[0])[i] = -((float *)outputs[0])[i];
    if (x[0] == 12345.0f) return 1;
    int64_t count = N;
    memcpy(outputs[2], &count, sizeof count);
    return 0;
}
#endif
