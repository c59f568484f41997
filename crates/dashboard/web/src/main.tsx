import "./ui/tokens.css";
import "./ui/base.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createBrowserRouter, RouterProvider } from "react-router";
import { createQueryClient } from "./api/queryClient.ts";
import { reloadOnceWhenOutdated } from "./outdated.ts";
import { fetchAhead, routes } from "./routes.tsx";

reloadOnceWhenOutdated();
fetchAhead();
const host = document.getElementById("app");
if (host === null) throw new Error("index.html has no element named app");
createRoot(host).render(
  <StrictMode>
    <QueryClientProvider client={createQueryClient()}>
      <RouterProvider router={createBrowserRouter(routes)} />
    </QueryClientProvider>
  </StrictMode>,
);
