/* What is made from calls.def, the list of exported functions. */
#pragma once

/*
 * Finds the real functions (libc's, or the next preload's) for next, exec_next and syscall().
 * Calls dlsym(3), which may allocate and takes the loader's lock: for constructors only.
 */
void calls_find(void);

/*
 * The parts of a function with these types of parameters, which it calls a, b, c ...:
 * PARAMETERS(int, char *) is (int a, char *b), ARGUMENTS(int, char *) is (a, b), and
 * CASTS(int, char *) is ((int)a, (char *)b). From one to seven.
 */
#define PARAMETERS(...) (CALLS_EACH(CALLS_PARAMETER, __VA_ARGS__))
#define ARGUMENTS(...) (CALLS_EACH(CALLS_ARGUMENT, __VA_ARGS__))
#define CASTS(...) (CALLS_EACH(CALLS_CAST, __VA_ARGS__))

#define CALLS_PARAMETER(type, name) type name
#define CALLS_ARGUMENT(type, name) name
#define CALLS_CAST(type, name) (type) name

#define CALLS_EACH(M, ...) CALLS_EACH_OF(CALLS_COUNT(__VA_ARGS__), M, __VA_ARGS__)
#define CALLS_EACH_OF(count, M, ...) CALLS_JOIN(CALLS_EACH_, count)(M, __VA_ARGS__)
#define CALLS_JOIN(a, b) a##b
#define CALLS_COUNT(...) CALLS_EIGHTH(__VA_ARGS__, 7, 6, 5, 4, 3, 2, 1)
#define CALLS_EIGHTH(A, B, C, D, E, F, G, eighth, ...) eighth
#define CALLS_EACH_1(M, A) M(A, a)
#define CALLS_EACH_2(M, A, B) M(A, a), M(B, b)
#define CALLS_EACH_3(M, A, B, C) CALLS_EACH_2(M, A, B), M(C, c)
#define CALLS_EACH_4(M, A, B, C, D) CALLS_EACH_3(M, A, B, C), M(D, d)
#define CALLS_EACH_5(M, A, B, C, D, E) CALLS_EACH_4(M, A, B, C, D), M(E, e)
#define CALLS_EACH_6(M, A, B, C, D, E, F) CALLS_EACH_5(M, A, B, C, D, E), M(F, f)
#define CALLS_EACH_7(M, A, B, C, D, E, F, G) CALLS_EACH_6(M, A, B, C, D, E, F), M(G, g)
