#include "notify/thread.h"

#include <pthread.h>

int thread_start(void *(*function)(void *), void *data)
{
    enum { STACK = 256 * 1024 };
    pthread_attr_t attributes;
    pthread_t thread;
    int failure = pthread_attr_init(&attributes);

    if (failure != 0)
        return failure;
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    failure = pthread_create(&thread, &attributes, function, data);
    pthread_attr_destroy(&attributes);
    return failure;
}
