using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = (serviceWorkerScript = embed "worker.js", compatibilityDate = "2025-01-01")) ],
  sockets = [
    (name = "http", address = "*:80", http = (), service = "main"),
    (name = "https", address = "*:443", service = "main", https = (options = (),
      tlsOptions = (keypair = (privateKey = embed "key.pem", certificateChain = embed "certificate.pem"))))
  ]
);
