// A C program that runs an artifact: prints what the model has, runs it twice, then makes every kind of mistake.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hwc_runtime.h"

#define CHECK(condition)                                                        \
    do {                                                                        \
        if (!(condition)) {                                                     \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition);             \
            fprintf(stderr, "last error: %s\n", hwc_last_error());              \
            exit(1);                                                            \
        }                                                                       \
    } while (0)

static void fails(int line, hwc_status status, hwc_status expected, const char *message) {
    if (status != expected || !strstr(hwc_last_error(), message)) {
        fprintf(stderr, "line %d: status %d, error: %s\n", line, status, hwc_last_error());
        exit(1);
    }
}
#define FAILS(call, status, message) fails(__LINE__, call, status, message)

static void print(const char *role, const hwc_tensor *tensor) {
    printf("%s %s dtype=%d bytes=%zu flags=%u shape=", role, tensor->name, tensor->dtype, tensor->bytes, tensor->flags);
    for (size_t axis = 0; axis < tensor->rank; axis++) printf("%zu,", tensor->shape[axis]);
    printf("\n");
}

static int in_order_calls = 0;

static void run_in_order(void *context, void (*task)(void *, uint32_t, uint32_t), void *frame, uint32_t parts) {
    *(int *)context += 1;
    for (uint32_t part = 0; part < parts; part++) task(frame, part, parts);
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    CHECK(hwc_api_version() == HWC_API_VERSION);
    CHECK(strlen(hwc_version()) >= 5);
    CHECK(strcmp(hwc_last_error(), "") == 0);

    hwc_session *session = NULL;
    CHECK(hwc_session_open(HWC_API_VERSION, argv[1], &session) == HWC_OK);
    CHECK(session != NULL);
    printf("manifest %s\n", hwc_session_manifest(session));

    hwc_tensor inputs[3], outputs[3];
    CHECK(hwc_session_input_count(session) == 3 && hwc_session_output_count(session) == 3);
    for (size_t i = 0; i < 3; i++) {
        CHECK(hwc_session_input(session, i, &inputs[i]) == HWC_OK);
        CHECK(hwc_session_output(session, i, &outputs[i]) == HWC_OK);
        print("input", &inputs[i]);
        print("output", &outputs[i]);
        CHECK(inputs[i].data == NULL && outputs[i].data == NULL);
    }

    static float x[1000], y[1000];
    uint8_t negate = 0;
    int64_t count = 0, mode = 7;
    for (int i = 0; i < 1000; i++) x[i] = (float)i / 4;
    inputs[0].data = x;
    inputs[1].data = &negate;
    inputs[2].data = &mode;
    outputs[0].data = y;
    outputs[2].data = &count;
    for (negate = 0; negate < 2; negate++) {
        // The last input has a bound value and may be left out.
        CHECK(hwc_session_run(session, inputs, negate ? 2 : 3, outputs, 3) == HWC_OK);
        for (int i = 0; i < 1000; i++) CHECK(y[i] == (negate ? -1 : 1) * (x[i] * (float)i + 0.5f));
        CHECK(count == 1000);
        hwc_session_release_memory(session);
    }
    negate = 0;

    // The same with every choice of threads.
    hwc_pool *pool = NULL;
    CHECK(hwc_pool_create(3, &pool) == HWC_OK && hwc_pool_workers(pool)->threads == 3);
    hwc_workers in_order = {5, run_in_order, &in_order_calls};
    for (int choice = 0; choice < 5; choice++) {
        CHECK((choice < 3    ? hwc_session_set_threads(session, (uint32_t)choice)
               : choice == 3 ? hwc_session_set_workers(session, hwc_pool_workers(pool))
                             : hwc_session_set_workers(session, &in_order)) == HWC_OK);
        memset(y, 0, sizeof y);
        CHECK(hwc_session_run(session, inputs, 3, outputs, 3) == HWC_OK);
        for (int i = 0; i < 1000; i++) CHECK(y[i] == x[i] * (float)i + 0.5f);
    }
    CHECK(in_order_calls > 0);
    CHECK(hwc_session_set_workers(session, NULL) == HWC_OK);
    CHECK(hwc_session_run(session, inputs, 3, outputs, 3) == HWC_OK);
    hwc_pool_destroy(pool);
    hwc_pool_destroy(NULL);
    FAILS(hwc_pool_create(1, NULL), HWC_ERROR_CALL, "`pool` is null");
    FAILS(hwc_session_set_threads(NULL, 1), HWC_ERROR_CALL, "`session` is null");
    FAILS(hwc_session_set_workers(NULL, NULL), HWC_ERROR_CALL, "`session` is null");
    CHECK(hwc_pool_workers(NULL) == NULL);

    FAILS(hwc_session_run(session, inputs, 1, outputs, 2), HWC_ERROR_INPUT, "input `negate`: missing");
    CHECK(strstr(hwc_last_error(), "output `count`: missing"));
    FAILS(hwc_session_run(session, NULL, 0, outputs, 3), HWC_ERROR_INPUT, "input `x`: missing");
    FAILS(hwc_session_run(session, NULL, 1, outputs, 3), HWC_ERROR_CALL, "`inputs` is no array of 1");
    FAILS(hwc_session_run(NULL, inputs, 3, outputs, 3), HWC_ERROR_CALL, "`session` is null");
    FAILS(hwc_session_input(session, 3, &inputs[2]), HWC_ERROR_CALL, "no tensor has index 3; there are 3");
    FAILS(hwc_session_output(session, 0, NULL), HWC_ERROR_CALL, "`tensor` is null");
    CHECK(hwc_session_input_count(NULL) == 0 && hwc_session_output_count(NULL) == 0 && !hwc_session_manifest(NULL));

    hwc_tensor wrong[5] = {inputs[0], inputs[1], inputs[1], inputs[0], inputs[0]};
    wrong[0].shape = NULL;
    wrong[1].name = NULL;
    wrong[2].name = "\xff";
    wrong[2].dtype = 99;
    wrong[3].data = NULL;
    wrong[4].bytes = (size_t)-1;
    outputs[2].data = (char *)y + 8;
    FAILS(hwc_session_run(session, wrong, 5, outputs, 3), HWC_ERROR_CALL, "9 problems");
    const char *all[] = {"inputs[0]: `shape`", "inputs[1]: `name` is null", "inputs[2]: `name` is not UTF-8",
                         "inputs[2]: `dtype` 99", "inputs[3]: `data`", "inputs[4]: `data`",
                         "outputs[0]: overlaps inputs[4]", "outputs[2]: overlaps outputs[0]"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) CHECK(strstr(hwc_last_error(), all[i]));
    outputs[2].data = x;
    FAILS(hwc_session_run(session, inputs, 3, outputs, 3), HWC_ERROR_CALL, "outputs[2]: overlaps inputs[0]");
    outputs[2].data = &count;
    mode = 8;
    FAILS(hwc_session_run(session, inputs, 3, outputs, 3), HWC_ERROR_INPUT, "another value of this input");
    mode = 7;
    x[0] = 12345;
    FAILS(hwc_session_run(session, inputs, 3, outputs, 3), HWC_ERROR_INPUT, "stopped with status 1");
    hwc_session_close(session);
    hwc_session_close(NULL);

    FAILS(hwc_session_open(HWC_API_VERSION + 1, argv[1], &session), HWC_ERROR_CALL, "API version 3");
    CHECK(session == NULL);
    FAILS(hwc_session_open(HWC_API_VERSION, NULL, &session), HWC_ERROR_CALL, "`path` is null");
    FAILS(hwc_session_open(HWC_API_VERSION, argv[1], NULL), HWC_ERROR_CALL, "`session` is null");
    FAILS(hwc_session_open(HWC_API_VERSION, argv[2], &session), HWC_ERROR_INPUT, "text file");
    FAILS(hwc_session_open(HWC_API_VERSION, "no/such/file", &session), HWC_ERROR_ENVIRONMENT, "no/such/file");

    printf("layout %zu %zu %zu %zu %zu %zu %zu %zu\n", sizeof(hwc_tensor), offsetof(hwc_tensor, name),
           offsetof(hwc_tensor, shape), offsetof(hwc_tensor, data), offsetof(hwc_tensor, bytes),
           offsetof(hwc_tensor, rank), offsetof(hwc_tensor, dtype), offsetof(hwc_tensor, flags));
    return 0;
}
