/* Sockets that listen: which one has an actual endpoint. */
#ifndef PRELOAD_LISTEN_H
#define PRELOAD_LISTEN_H

/*
 * listen(2), unchanged. Takes note of which socket it is that has an actual endpoint:
 * before it listens, so that nobody finds it listen and takes it for a stranger's.
 */
int listen_socket(int fd, int backlog);

#endif
