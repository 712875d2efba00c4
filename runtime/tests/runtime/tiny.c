// A model written by hand in the way the compiler writes them: y = x * w + b, count = number of elements.
#include <stdint.h>
#include <string.h>

#define N 1000

#ifdef MANIFEST
const char hwc_manifest[] = MANIFEST;
#endif

#ifndef NO_ENTRY
int32_t hwc_run(const void *weights, void *arena, const void *const *inputs, void *const *outputs, void *workers) {
    const float *x = inputs[0];
    const uint8_t *negate = inputs[1];
    const float *w = weights;
    const float *b = (const float *)((const char *)weights + 4032);
    float *scratch = arena;
    if (workers) return 99;
    if (((uintptr_t)weights | (uintptr_t)arena) % 64) return 98;
    // The intermediate goes through the arena, so that two calls that shared one would spoil each other's.
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < N; i++) scratch[i] = x[i] * w[i];
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
