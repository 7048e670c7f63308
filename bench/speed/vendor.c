// Fake speech vendor: one thread, epoll, HTTP/1.1 keep-alive. usage: vendor PORT
//   POST */speech        -> chunked audio/mpeg; the request body picks the variant by a word in it:
//        "bench-large"   5 MB as fast as the socket takes it
//        "bench-stream"  N chunks of 4 KiB, GAP ms apart ("chunks=48 gap=20" in the body overrides);
//                        each chunk starts with MAGIC + its CLOCK_MONOTONIC send time (ns)
//        anything else   12 KiB in one go
//   POST anything else   -> reads the whole body, {"text":"bytes=.. first=.. t256k=.. last=.."} (monotonic ns)
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#define MAGIC "#CHUNK#\n"
#define RESP_HEAD                                                                                                      \
    "HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nTransfer-Encoding: chunked\r\nx-request-id: req_bench\r\n\r\n"
typedef int64_t i64;
typedef struct conn {
    int fd, speech, in_body, chunked, streaming, want_out, left, dead;
    i64 gap;
    size_t need, got, hlen, snip;
    int cstate;
    size_t cleft;
    char head[16384], body[4096];
    i64 first, t256, last;
    const char *out;
    size_t olen;
    char *own;
    size_t ocap;
    i64 due;
    struct conn *next;
} conn;
static int ep;
static conn *qh, *qt;
static char *small, *large;
static size_t small_n, large_n;
static i64 now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}
static char *canned(size_t body, size_t step, size_t *n) {
    char *b = malloc(body + body / step * 32 + 4096), *p = b + sprintf(b, "%s", RESP_HEAD);
    for (size_t o = 0; o < body; o += step) {
        size_t k = body - o < step ? body - o : step;
        p += sprintf(p, "%zx\r\n", k);
        memset(p, 'a', k);
        p += k;
        *p++ = '\r';
        *p++ = '\n';
    }
    p += sprintf(p, "0\r\n\r\n");
    *n = p - b;
    return b;
}
static void done(conn *c) {
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->dead = 1;
    if (!c->streaming) {
        free(c->own);
        free(c);
    }
}
static int flush_out(conn *c) { // 0 ok, -1 gone
    while (c->olen) {
        ssize_t k = write(c->fd, c->out, c->olen);
        if (k < 0) {
            if (errno == EAGAIN)
                break;
            return -1;
        }
        c->out += k;
        c->olen -= k;
    }
    int w = c->olen > 0;
    if (w != c->want_out) {
        c->want_out = w;
        struct epoll_event e = {EPOLLIN | (w ? EPOLLOUT : 0), {.ptr = c}};
        epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
    }
    return 0;
}
static int put(conn *c, const char *s, size_t n) {
    size_t have = c->olen;
    if (c->ocap < have + n) {
        char *b = malloc((have + n) * 2);
        memcpy(b, c->out, have);
        free(c->own);
        c->own = b;
        c->ocap = (have + n) * 2;
    } else
        memmove(c->own, c->out, have);
    memcpy(c->own + have, s, n);
    c->out = c->own;
    c->olen = have + n;
    return flush_out(c);
}
static int tick(conn *c, i64 t) { // one chunk of a stream
    static char b[4096 + 64];
    int n = sprintf(b, "1000\r\n");
    memset(b + n, 's', 4096);
    memcpy(b + n, MAGIC, 8);
    memcpy(b + n + 8, &t, 8);
    n += 4096;
    b[n++] = '\r';
    b[n++] = '\n';
    if (--c->left == 0)
        n += sprintf(b + n, "0\r\n\r\n");
    if (c->left) {
        c->streaming = 1;
        c->due = t + c->gap;
        c->next = 0;
        if (qt)
            qt->next = c;
        else
            qh = c;
        qt = c;
    } else
        c->streaming = 0;
    return put(c, b, n);
}
static int answer(conn *c) {
    if (!c->speech) {
        char b[512], h[768];
        int n = sprintf(b, "{\"text\":\"bytes=%zu first=%lld t256k=%lld last=%lld\"}", c->got, (long long)c->first,
                        (long long)c->t256, (long long)c->last);
        n = sprintf(h, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", n, b);
        return put(c, h, n);
    }
    c->body[c->snip] = 0;
    if (strstr(c->body, "bench-stream")) {
        char *g = strstr(c->body, "gap="), *k = strstr(c->body, "chunks=");
        c->gap = (g ? atoi(g + 4) : 20) * 1000000LL;
        c->left = k ? atoi(k + 7) : 48;
        if (put(c, RESP_HEAD, strlen(RESP_HEAD)))
            return -1;
        return tick(c, now());
    }
    int big = strstr(c->body, "bench-large") != 0;
    c->out = big ? large : small;
    c->olen = big ? large_n : small_n;
    if (c->own) {
        free(c->own);
        c->own = 0;
    }
    c->ocap = 0;
    return flush_out(c);
}
static void saw(conn *c, const char *p, size_t n) {
    if (!n)
        return;
    if (!c->got)
        c->first = now();
    if (c->snip < sizeof c->body - 1) {
        size_t k = sizeof c->body - 1 - c->snip;
        if (k > n)
            k = n;
        memcpy(c->body + c->snip, p, k);
        c->snip += k;
    }
    c->got += n;
    if (!c->t256 && c->got >= 262144)
        c->t256 = now();
}
static int feed(conn *c, char *p, size_t n) {
    while (n) {
        if (!c->in_body) {
            size_t k = sizeof c->head - 1 - c->hlen;
            if (k > n)
                k = n;
            if (!k)
                return -1;
            size_t from = c->hlen > 3 ? c->hlen - 3 : 0, old = c->hlen;
            memcpy(c->head + c->hlen, p, k);
            c->hlen += k;
            c->head[c->hlen] = 0;
            char *e = strstr(c->head + from, "\r\n\r\n");
            if (!e) {
                p += k;
                n -= k;
                continue;
            }
            size_t used = e + 4 - c->head - old;
            p += used;
            n -= used;
            *e = 0;
            char *l = strcasestr(c->head, "\r\ncontent-length:"), *x = strcasestr(c->head, "\r\nexpect:");
            c->chunked = strcasestr(c->head, "\r\ntransfer-encoding:") != 0;
            c->need = l ? strtoull(l + 17, 0, 10) : 0;
            char *eol = strstr(c->head, "\r\n");
            if (eol)
                *eol = 0;
            c->speech = strstr(c->head, "/speech") != 0;
            c->got = c->snip = 0;
            c->first = c->t256 = c->last = 0;
            c->cstate = 0;
            c->cleft = 0;
            c->in_body = 1;
            c->hlen = 0;
            if (x && put(c, "HTTP/1.1 100 Continue\r\n\r\n", 25))
                return -1;
            if (!c->chunked && !c->need) {
                c->in_body = 0;
                if (answer(c))
                    return -1;
            }
            continue;
        }
        if (!c->chunked) {
            size_t k = c->need < n ? c->need : n;
            saw(c, p, k);
            c->need -= k;
            p += k;
            n -= k;
            if (!c->need) {
                c->last = now();
                c->in_body = 0;
                if (answer(c))
                    return -1;
            }
            continue;
        }
        // cstate: 0 size line, 1 data, 2 CRLF after data, 3 trailer line start, 4 inside trailer line
        if (c->cstate == 1) {
            size_t k = c->cleft < n ? c->cleft : n;
            saw(c, p, k);
            c->cleft -= k;
            p += k;
            n -= k;
            if (!c->cleft)
                c->cstate = 2;
            continue;
        }
        char ch = *p++;
        n--;
        if (c->cstate == 0) {
            if (ch == '\n')
                c->cstate = c->cleft ? 1 : 3;
            else if (ch != '\r')
                c->cleft = c->cleft * 16 + (ch <= '9' ? ch - '0' : (ch | 32) - 'a' + 10);
        } else if (c->cstate == 2) {
            if (ch == '\n') {
                c->cstate = 0;
                c->cleft = 0;
            }
        } else if (ch == '\n') {
            if (c->cstate == 4)
                c->cstate = 3;
            else {
                c->last = now();
                c->in_body = 0;
                if (answer(c))
                    return -1;
            }
        } else if (ch != '\r')
            c->cstate = 4;
    }
    return 0;
}
int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    small = canned(12288, 12288, &small_n);
    large = canned(5u << 20, 65536, &large_n);
    int ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(ls, (void *)&a, sizeof a) || listen(ls, 4096)) {
        perror("listen");
        return 1;
    }
    ep = epoll_create1(0);
    struct epoll_event e = {EPOLLIN, {.ptr = 0}}, ev[512];
    epoll_ctl(ep, EPOLL_CTL_ADD, ls, &e);
    static char buf[262144];
    for (;;) {
        i64 t = now();
        int to = -1;
        while (qh && qh->due <= t) {
            conn *c = qh;
            qh = c->next;
            if (!qh)
                qt = 0;
            c->streaming = 0;
            if (c->dead || tick(c, now()))
                done(c);
        }
        if (qh) {
            i64 d = (qh->due - t + 999999) / 1000000;
            to = d < 0 ? 0 : (int)d;
        }
        int k = epoll_wait(ep, ev, 512, to);
        for (int i = 0; i < k; i++) {
            conn *c = ev[i].data.ptr;
            if (!c) {
                int fd;
                while ((fd = accept4(ls, 0, 0, SOCK_NONBLOCK)) >= 0) {
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                    c = calloc(1, sizeof *c);
                    c->fd = fd;
                    struct epoll_event x = {EPOLLIN, {.ptr = c}};
                    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &x);
                }
                continue;
            }
            if (c->dead)
                continue;
            if ((ev[i].events & EPOLLOUT) && flush_out(c)) {
                done(c);
                continue;
            }
            if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                ssize_t n = read(c->fd, buf, sizeof buf);
                if (n == 0 || (n < 0 && errno != EAGAIN)) {
                    done(c);
                    continue;
                }
                if (n > 0 && feed(c, buf, n))
                    done(c);
            }
        }
    }
}
