/*
 * A Service (v1) and a Deployment (apps/v1): a pod that meets the restricted level of the Pod
 * Security Standards.
 */
#include "export/container.h"

enum side { ASKED, ACTUAL };

static const char *cannot(const struct redirect_line *line)
{
    if (line->host.family != AF_UNSPEC)
        return "a Service has no address of the host: use a rule without one";
    return line->to.family != AF_UNSPEC
               ? "a Service sends to the address of the pod: use a target without one"
               : NULL;
}

/* Returns whether the line has the port on that side. */
static bool has_port(const struct redirect_line *line, enum side side, enum proto proto,
                     unsigned port)
{
    unsigned first = side == ASKED ? line->first : line->to_first;

    return (line->proto == PROTO_ANY || line->proto == proto) && port >= first &&
           port - first <= (unsigned)(line->last - line->first);
}

/* The API refuses a port that is there twice: lines of both families have the same ones. */
static bool is_known(const struct redirect *r, size_t index, enum side side, enum proto proto,
                     unsigned port)
{
    for (size_t i = 0; i < index; i++) {
        if (has_port(&r->line[i], side, proto, port))
            return true;
    }
    return false;
}

static void print_service_port(enum proto proto, unsigned asked, unsigned actual, FILE *out)
{
    fprintf(out,
            "    - name: %s-%u\n"
            "      protocol: %s\n"
            "      port: %u\n"
            "      targetPort: %u\n",
            proto_name(proto), asked, proto == PROTO_UDP ? "UDP" : "TCP", asked, actual);
}

static void print_container_port(enum proto proto, unsigned port, FILE *out)
{
    fprintf(out,
            "            - name: %s-%u\n"
            "              protocol: %s\n"
            "              containerPort: %u\n",
            proto_name(proto), port, proto == PROTO_UDP ? "UDP" : "TCP", port);
}

/* Prints the ports of one protocol. */
static void print_ports(const struct redirect *r, enum side side, enum proto proto, FILE *out)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct redirect_line *line = &r->line[i];
        for (unsigned k = 0; k <= (unsigned)(line->last - line->first); k++) {
            unsigned asked = line->first + k, actual = line->to_first + k;
            unsigned port = side == ASKED ? asked : actual;
            if (!has_port(line, side, proto, port) || is_known(r, i, side, proto, port))
                continue;
            if (side == ASKED)
                print_service_port(proto, asked, actual, out);
            else
                print_container_port(proto, actual, out);
        }
    }
}

static void print(const struct format_input *in, FILE *out)
{
    fputs(
        "# A pod whose server asks for the ports of the Service, has the targetPorts, and needs\n"
        "# no root. 'server' and IMAGE stand for your own names. The user of the image must be a\n"
        "# number other than 0: otherwise add runAsUser behind runAsNonRoot. Save as server.yaml;\n"
        "# then:\n"
        "#   kubectl apply -f server.yaml\n"
        "# To undo that:\n"
        "#   kubectl delete -f server.yaml\n",
        out);
    container_print_notes(out);
    fputs("# From Kubernetes 1.22 on, the sysctl net.ipv4.ip_unprivileged_port_start of the pod "
          "does\n# without all this.\n",
          out);
    fputs("apiVersion: v1\n"
          "kind: Service\n"
          "metadata:\n"
          "  name: server\n"
          "spec:\n"
          "  selector:\n"
          "    app: server\n"
          "  ports:\n",
          out);
    print_ports(in->redirect, ASKED, PROTO_TCP, out);
    print_ports(in->redirect, ASKED, PROTO_UDP, out);
    fputs("---\n"
          "apiVersion: apps/v1\n"
          "kind: Deployment\n"
          "metadata:\n"
          "  name: server\n"
          "spec:\n"
          "  selector:\n"
          "    matchLabels:\n"
          "      app: server\n"
          "  template:\n"
          "    metadata:\n"
          "      labels:\n"
          "        app: server\n"
          "    spec:\n"
          "      securityContext:\n"
          "        runAsNonRoot: true\n"
          "        seccompProfile:\n"
          "          type: RuntimeDefault\n"
          "      containers:\n"
          "        - name: server\n"
          "          image: IMAGE\n"
          "          securityContext:\n"
          "            allowPrivilegeEscalation: false\n"
          "            capabilities:\n"
          "              drop: [ALL]\n"
          "          env:\n"
          "            - name: LD_PRELOAD\n"
          "              value: " CONTAINER_LIBRARY "\n"
          "            - name: REMAP\n"
          "              value: ",
          out);
    container_print_rules(in, out);
    /* The folder must belong to the user, whose number may be any: so it is made in the volume. */
    fputs("\n"
          "            - name: REMAP_STATE\n"
          "              value: /run/remap/state\n"
          "          volumeMounts:\n"
          "            - name: remap\n"
          "              mountPath: /run/remap\n"
          "          ports:\n",
          out);
    print_ports(in->redirect, ACTUAL, PROTO_TCP, out);
    print_ports(in->redirect, ACTUAL, PROTO_UDP, out);
    fputs("      volumes:\n"
          "        - name: remap\n"
          "          emptyDir: {}\n",
          out);
}

const struct format kubernetes_format = {
    .name = "kubernetes",
    .summary = "a Service and a Deployment that need no root",
    .kind = FORMAT_CONTAINER,
    .cannot = cannot,
    .print = print,
};
