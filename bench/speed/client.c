// Load client: one thread, epoll, HTTP/1.1 keep-alive, bounded by -n requests or -d seconds. Prints one JSON line.
//   client -P port [-u path] [-c conns] [-d seconds | -n requests] [-r ramp_ms] [-w warm-up requests, at least one per
//   connection; only with -d]
//          [-b json-body | -f file-bytes [-p pause_ms in mid-upload]] [-m model] [-H 'Name: value']...
// ttfb = request sent in full -> first body byte. chunk = arrival of a 4 KiB chunk - send time the vendor
// stamped into it (same machine, same clock). early = the vendor had 256 KiB before the client sent its last byte.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#define MAGIC "#CHUNK#\n"
typedef int64_t i64;
typedef struct {
    uint32_t *v;
    size_t n, cap;
} samples;
static void add(samples *s, i64 ns) {
    if (s->n == s->cap)
        s->v = realloc(s->v, (s->cap = s->cap ? s->cap * 2 : 4096) * 4);
    i64 u = ns / 1000;
    s->v[s->n++] = u < 0 ? 0 : u > 0xffffffffLL ? 0xffffffffu : (uint32_t)u;
}
static int cmp(const void *a, const void *b) {
    uint32_t x = *(uint32_t *)a, y = *(uint32_t *)b;
    return x < y ? -1 : x > y;
}
static void show(const char *k, samples *s) {
    if (!s->n)
        return;
    qsort(s->v, s->n, 4, cmp);
    printf(",\"%s_p50\":%u,\"%s_p99\":%u,\"%s_max\":%u", k, s->v[s->n / 2], k, s->v[(size_t)((s->n - 1) * .99)], k,
           s->v[s->n - 1]);
}
typedef struct {
    int fd, warm, busy, in_body, chunked, closing, status, cstate;
    size_t off, hlen, left, pos, got;
    i64 t0, tsent, tfirst, tlast, stall;
    uint32_t ev;
    char head[8192], mark[16], text[256];
} conn;
static int ep, port = 8000, C = 1, pause_ms, ramp_ms;
static long N, W, started, finished, warmed, errors, timeouts, non200;
static double D;
static char *req;
static size_t req_n, body_at;
static samples lat, ttfb, chunk, gap;
static i64 bytes, sent_bytes;
static long early, checked;
static i64 tstart, tend;
static int live;
static int err_status;
static char err_text[160];
static i64 now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}
static void want(conn *c, uint32_t m) {
    if (c->ev != m) {
        struct epoll_event e = {c->ev = m, {.ptr = c}};
        epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
    }
}
static int more(void) {
    return errors + non200 < 2000 && (N ? started < N : !live || now() < tend);
}
static void fail(conn *c, const char *why) {
    if (c->busy) {
        errors++;
        if (!err_text[0])
            snprintf(err_text, sizeof err_text, "%s", why);
    }
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->busy = 0;
}
static void push(conn *c) {
    while (c->off < req_n) {
        size_t stop = req_n;
        if (pause_ms) {
            size_t mid = body_at + (req_n - body_at) / 2;
            if (c->off < mid)
                stop = mid;
            else if (c->off == mid) {
                if (!c->stall)
                    c->stall = now() + pause_ms * 1000000LL;
                if (now() < c->stall) {
                    want(c, EPOLLIN);
                    return;
                }
            }
        }
        ssize_t k = send(c->fd, req + c->off, stop - c->off, MSG_NOSIGNAL);
        if (k < 0) {
            if (errno == EAGAIN) {
                want(c, EPOLLIN | EPOLLOUT);
                return;
            }
            fail(c, strerror(errno));
            return;
        }
        c->off += k;
        sent_bytes += k;
    }
    c->tsent = now();
    want(c, EPOLLIN);
}
static void go(conn *c) {
    if (c->fd < 0) {
        c->fd = socket(AF_INET, SOCK_STREAM, 0);
        int one = 1;
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct sockaddr_in a = {
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        if (connect(c->fd, (void *)&a, sizeof a)) {
            c->busy = 1;
            started++;
            fail(c, strerror(errno));
            return;
        }
        struct epoll_event e = {c->ev = EPOLLIN, {.ptr = c}};
        fcntl(c->fd, F_SETFL, O_NONBLOCK);
        epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
    }
    c->busy = 1;
    started++;
    c->in_body = c->closing = c->chunked = c->status = c->cstate = 0;
    c->off = c->hlen = c->left = c->pos = c->got = 0;
    c->tfirst = c->tlast = c->stall = 0;
    c->t0 = now();
    push(c);
}
static void data(conn *c, const char *p, size_t n, i64 t) {
    if (!n)
        return;
    if (!c->tfirst)
        c->tfirst = t;
    for (size_t i = c->got; i < sizeof c->text - 1 && i < c->got + n; i++) {
        c->text[i] = p[i - c->got];
        c->text[i + 1] = 0;
    }
    bytes += n;
    while (n) {
        if (c->pos < 16) {
            size_t k = 16 - c->pos;
            if (k > n)
                k = n;
            memcpy(c->mark + c->pos, p, k);
        }
        size_t k = 4096 - c->pos;
        if (k > n)
            k = n;
        c->pos += k;
        c->got += k;
        p += k;
        n -= k;
        if (c->pos == 4096) {
            c->pos = 0;
            i64 ts;
            memcpy(&ts, c->mark + 8, 8);
            if (!memcmp(c->mark, MAGIC, 8) && live) {
                add(&chunk, t - ts);
                if (c->tlast)
                    add(&gap, t - c->tlast);
            }
            c->tlast = t;
        }
    }
}
static void complete(conn *c, i64 t) {
    c->busy = 0;
    if (c->status != 200) {
        non200++;
        if (!err_status) {
            err_status = c->status;
            snprintf(err_text, sizeof err_text, "%.150s", c->text);
            for (char *q = err_text; *q; q++)
                if (*q == '"' || *q == '\\' || *q < 32)
                    *q = '\'';
        }
    } else {
        if (!live) {
            if (!c->warm) {
                c->warm = 1;
                warmed++;
            }
            if (++finished >= W && warmed == C) {
                live = 1;
                finished = 0;
                tstart = t;
                tend = t + (i64)(D * 1e9);
                bytes = sent_bytes = 0;
            }
        } else {
            finished++;
            add(&lat, t - c->t0);
            if (c->tfirst)
                add(&ttfb, c->tfirst - (c->tsent ? c->tsent : c->t0));
            char *s = strstr(c->text, "t256k=");
            if (s) {
                checked++;
                i64 x = atoll(s + 6);
                if (x && x < c->tsent)
                    early++;
            }
        }
    }
    if (c->closing) {
        close(c->fd);
        c->fd = -1;
    }
}
static void feed(conn *c, char *p, size_t n, i64 t) {
    while (n && c->busy) {
        if (!c->in_body) {
            size_t k = sizeof c->head - 1 - c->hlen, old = c->hlen;
            if (k > n)
                k = n;
            if (!k) {
                fail(c, "header too long");
                return;
            }
            memcpy(c->head + old, p, k);
            c->hlen += k;
            c->head[c->hlen] = 0;
            char *e = strstr(c->head, "\r\n\r\n");
            if (!e) {
                p += k;
                n -= k;
                continue;
            }
            size_t used = e + 4 - c->head - old;
            p += used;
            n -= used;
            e[2] = 0;
            c->hlen = 0;
            c->status = atoi(c->head + 9);
            if (c->status == 100)
                continue;
            char *l = strcasestr(c->head, "\r\ncontent-length:");
            c->chunked = strcasestr(c->head, "\r\ntransfer-encoding: chunked") != 0;
            c->closing = strcasestr(c->head, "\r\nconnection: close") != 0;
            c->left = l ? strtoull(l + 17, 0, 10) : 0;
            c->in_body = 1;
            c->text[0] = 0;
            if (!c->chunked && !l) {
                c->left = SIZE_MAX;
                c->closing = 1;
            } else if (!c->chunked && !c->left)
                complete(c, t);
            continue;
        }
        if (!c->chunked || c->cstate == 1) {
            size_t k = c->left < n ? c->left : n;
            data(c, p, k, t);
            p += k;
            n -= k;
            c->left -= k;
            if (!c->left) {
                if (c->chunked)
                    c->cstate = 2;
                else
                    complete(c, t);
            }
            continue;
        }
        char ch = *p++;
        n--;
        if (c->cstate == 0) {
            if (ch == '\n')
                c->cstate = c->left ? 1 : 3;
            else if (ch != '\r')
                c->left = c->left * 16 + (ch <= '9' ? ch - '0' : (ch | 32) - 'a' + 10);
        } else if (c->cstate == 2) {
            if (ch == '\n') {
                c->cstate = 0;
                c->left = 0;
            }
        } else if (ch == '\n')
            complete(c, t);
    }
}
int main(int argc, char **argv) {
    const char *path = "/v1/audio/speech",
               *body = "{\"model\":\"tts-1\",\"voice\":\"alloy\",\"input\":\"bench-small\"}", *model = "whisper-1";
    size_t file = 0;
    char hdr[4096] = "";
    int o;
    while ((o = getopt(argc, argv, "P:u:c:d:n:r:w:b:f:p:m:H:")) > 0)
        switch (o) {
        case 'P':
            port = atoi(optarg);
            break;
        case 'u':
            path = optarg;
            break;
        case 'c':
            C = atoi(optarg);
            break;
        case 'd':
            D = atof(optarg);
            break;
        case 'n':
            N = atol(optarg);
            break;
        case 'r':
            ramp_ms = atoi(optarg);
            break;
        case 'w':
            W = atol(optarg);
            break;
        case 'b':
            body = optarg;
            break;
        case 'f':
            file = strtoull(optarg, 0, 10);
            break;
        case 'p':
            pause_ms = atoi(optarg);
            break;
        case 'm':
            model = optarg;
            break;
        case 'H':
            strcat(strcat(hdr, optarg), "\r\n");
            break;
        default:
            return 2;
        }
    size_t cap = file + 16384;
    req = malloc(cap);
    char pre[1024], post[64], ct[128] = "application/json";
    size_t blen = strlen(body);
    if (file) {
        snprintf(pre, sizeof pre,
                 "--5f2b8c0e9d7a41638e1c4fb0a6d3792e\r\nContent-Disposition: form-data; "
                 "name=\"model\"\r\n\r\n%s\r\n--5f2b8c0e9d7a41638e1c4fb0a6d3792e\r\nContent-Disposition: form-data; "
                 "name=\"response_format\"\r\n\r\njson\r\n--5f2b8c0e9d7a41638e1c4fb0a6d3792e\r\nContent-Disposition: form-data; name=\"file\"; "
                 "filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n",
                 model);
        strcpy(post, "\r\n--5f2b8c0e9d7a41638e1c4fb0a6d3792e--\r\n");
        strcpy(ct, "multipart/form-data; boundary=5f2b8c0e9d7a41638e1c4fb0a6d3792e");
        blen = strlen(pre) + file + strlen(post);
    }
    req_n = body_at = snprintf(req, cap,
                               "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer "
                               "sk-bench\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s\r\n",
                               path, port, ct, blen, hdr);
    if (file) {
        memcpy(req + req_n, pre, strlen(pre));
        req_n += strlen(pre);
        memcpy(req + req_n, "RIFF", 4);
        memset(req + req_n + 4, 7, file - 4);
        req_n += file;
        memcpy(req + req_n, post, strlen(post));
        req_n += strlen(post);
    } else {
        memcpy(req + req_n, body, blen);
        req_n += blen;
    }
    live = !W;
    ep = epoll_create1(0);
    conn *cs = calloc(C, sizeof *cs);
    for (int i = 0; i < C; i++)
        cs[i].fd = -1;
    i64 t0 = now(), hard = t0 + (i64)((D ? D : 60) * 1e9) + 60000000000LL;
    tstart = t0;
    tend = t0 + (i64)(D * 1e9);
    struct epoll_event ev[512];
    static char buf[262144];
    int idle_rounds = 0;
    for (;;) {
        i64 t = now();
        int busy = 0, waiting = 0;
        for (int i = 0; i < C; i++) {
            conn *c = &cs[i];
            if (!c->busy && more()) {
                if (ramp_ms && t < t0 + (i64)ramp_ms * 1000000LL * i / C)
                    waiting = 1;
                else
                    go(c);
            }
            if (c->busy && c->stall && t >= c->stall && c->off < req_n)
                push(c);
            busy += c->busy;
            if (c->busy && c->stall && c->off < req_n)
                waiting = 1;
        }
        if (!busy && !waiting && !more())
            break;
        if (!busy && !waiting && ++idle_rounds > 2000)
            break;
        if (t > hard) {
            timeouts = busy;
            break;
        }
        int k = epoll_wait(ep, ev, 512, waiting ? 1 : 200);
        for (int i = 0; i < k; i++) {
            conn *c = ev[i].data.ptr;
            if (c->fd < 0)
                continue;
            if ((ev[i].events & EPOLLOUT) && c->busy)
                push(c);
            if (c->fd < 0 || !(ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
                continue;
            ssize_t n = read(c->fd, buf, sizeof buf);
            i64 r = now();
            if (n > 0)
                feed(c, buf, n, r);
            else if (n == 0 || errno != EAGAIN) {
                if (n == 0 && c->busy && c->in_body && c->left > SIZE_MAX / 2)
                    complete(c, r);
                else
                    fail(c, n ? strerror(errno) : "connection closed in mid-answer");
            }
        }
    }
    double s = (now() - tstart) / 1e9;
    long ok = live ? finished : 0;
    printf("{\"ok\":%ld,\"errors\":%ld,\"non200\":%ld,\"timeouts\":%ld,\"secs\":%.4f,\"rps\":%.1f,\"mbps\":%.2f,\"up_"
           "mbps\":%.2f",
           ok, errors, non200, timeouts, s, ok / s, bytes / s / 1e6, sent_bytes / s / 1e6);
    show("lat", &lat);
    show("ttfb", &ttfb);
    show("chunk", &chunk);
    show("gap", &gap);
    if (checked)
        printf(",\"early\":%.3f", (double)early / checked);
    if (err_text[0])
        printf(",\"err_status\":%d,\"err\":\"%s\"", err_status, err_text);
    printf("}\n");
    return 0;
}
