/* WebSocket framing (RFC 6455), the part a client needs. */
#include "wsload.h"

enum { TEXT = 1, BINARY = 2, CLOSE = 8 };

ssize_t frames_parse(char *data, size_t length, void *owner, on_text *text, on_control *control, uint64_t now) {
    size_t used = 0;
    while (length - used >= 2) {
        unsigned char *head = (unsigned char *)data + used;
        size_t header = 2;
        uint64_t payload = head[1] & 127;
        if (payload == 126) {
            if (length - used < 4) break;
            payload = head[2] << 8 | head[3];
            header = 4;
        } else if (payload == 127) {
            if (length - used < 10) break;
            payload = 0;
            for (int i = 2; i < 10; i++) payload = payload << 8 | head[i];
            header = 10;
        }
        if (length - used < header + payload) break;
        int opcode = head[0] & 15;
        char *content = data + used + header;
        if (opcode == CLOSE) return -1;
        if (opcode == TEXT || opcode == BINARY) text(owner, content, payload, now);
        else control(owner, opcode, content, payload);
        used += header + payload;
    }
    return used;
}

size_t frame_build(char *out, int opcode, const char *payload, size_t length) {
    static const char mask[4] = {0x37, 0x11, 0x5c, 0x2a};
    unsigned char *head = (unsigned char *)out;
    size_t header = 2;
    head[0] = 0x80 | opcode;
    if (length < 126) head[1] = 0x80 | length;
    else {
        head[1] = 0x80 | 126;
        head[2] = length >> 8;
        head[3] = length;
        header = 4;
    }
    memcpy(out + header, mask, 4);
    header += 4;
    for (size_t i = 0; i < length; i++) out[header + i] = payload[i] ^ mask[i & 3];
    return header + length;
}

size_t upgrade_build(char *out, size_t room, const char *path, int port, const char *headers) {
    return snprintf(out, room,
                    "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
                    path, port, headers);
}
