/* A preload that does nothing: what any library costs a program at its start. */
int bench_nothing(void);

int bench_nothing(void)
{
    return 0;
}
