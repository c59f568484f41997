# ACME: one box, three data planes, MinIO as the object store.
{
  services.signalbox = {
    appliance = {
      enable = true;
      customer = "acme";
      region = "eu-central";

      boxes.a.address = "10.20.0.10";
      dataPlanes = {
        prod.address = "10.20.0.11";
        dev.address = "10.20.0.12";
        qa.address = "10.20.0.13";
      };
      order = [
        "prod"
        "dev"
        "qa"
      ];
      objectives = {
        prod.api-service = {
          ratio.http-availability = 0.999;
          seconds.http-latency-p95 = 0.5;
        };
        dev.api-service = {
          ratio.http-availability = 0.95;
          seconds.http-latency-p95 = 1;
        };
        # every tenth request fails there on purpose
        qa.api-service = {
          ratio.http-availability = 0.8;
          seconds.http-latency-p95 = 1;
        };
      };
      network.gateway = "10.20.0.1";
      operatorKeys = [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMpYHBQWF6ahiqa0mAZTKTzoPIETRFVTjJS6tQN4Hmq0 operator@acme.example"
      ];
    };

    objectStore.backend = "minio";
    objectStore.minio.acceptKnownVulnerabilities = true;

    # laid there by the operator: the URL holds a token
    alertmanager.webhookUrlFile = "/var/lib/signalbox/secrets/webhook-url";
  };
}
