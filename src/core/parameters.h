/*
 * The parts of a function, made from the types of its parameters, from one to eight. It calls them
 * a, b, c ...: PARAMETERS(int, char *) is (int a, char *b), ARGUMENTS(int, char *) is (a, b),
 * CASTS(int, char *) is ((int)a, (char *)b). Without parentheses, PARAMETER_NAMES(int, char *) is
 * a, b, and PARAMETER_LONGS(int, char *) is (long)a, (long)b.
 */
#pragma once

#define PARAMETERS(...) (PARAMETERS_EACH(PARAMETERS_PARAMETER, __VA_ARGS__))
#define ARGUMENTS(...) (PARAMETER_NAMES(__VA_ARGS__))
#define CASTS(...) (PARAMETERS_EACH(PARAMETERS_CAST, __VA_ARGS__))
#define PARAMETER_NAMES(...) PARAMETERS_EACH(PARAMETERS_NAME, __VA_ARGS__)
#define PARAMETER_LONGS(...) PARAMETERS_EACH(PARAMETERS_LONG, __VA_ARGS__)

#define PARAMETERS_PARAMETER(type, name) type name
#define PARAMETERS_CAST(type, name) (type) name
#define PARAMETERS_NAME(type, name) name
#define PARAMETERS_LONG(type, name) (long)name

#define PARAMETERS_EACH(M, ...) PARAMETERS_EACH_OF(PARAMETERS_COUNT(__VA_ARGS__), M, __VA_ARGS__)
#define PARAMETERS_EACH_OF(count, M, ...) PARAMETERS_JOIN(PARAMETERS_EACH_, count)(M, __VA_ARGS__)
#define PARAMETERS_JOIN(a, b) a##b
#define PARAMETERS_COUNT(...) PARAMETERS_NINTH(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1)
#define PARAMETERS_NINTH(A, B, C, D, E, F, G, H, ninth, ...) ninth
#define PARAMETERS_EACH_1(M, A) M(A, a)
#define PARAMETERS_EACH_2(M, A, B) M(A, a), M(B, b)
#define PARAMETERS_EACH_3(M, A, B, C) PARAMETERS_EACH_2(M, A, B), M(C, c)
#define PARAMETERS_EACH_4(M, A, B, C, D) PARAMETERS_EACH_3(M, A, B, C), M(D, d)
#define PARAMETERS_EACH_5(M, A, B, C, D, E) PARAMETERS_EACH_4(M, A, B, C, D), M(E, e)
#define PARAMETERS_EACH_6(M, A, B, C, D, E, F) PARAMETERS_EACH_5(M, A, B, C, D, E), M(F, f)
#define PARAMETERS_EACH_7(M, A, B, C, D, E, F, G) PARAMETERS_EACH_6(M, A, B, C, D, E, F), M(G, g)
#define PARAMETERS_EACH_8(M, A, B, C, D, E, F, G, H)                                               \
    PARAMETERS_EACH_7(M, A, B, C, D, E, F, G), M(H, h)
