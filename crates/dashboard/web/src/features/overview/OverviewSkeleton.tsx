import { Skeleton } from "../../ui/Skeleton.tsx";
import "./EnvironmentCard.css";

/** Three cards, because most deployments have about as many; each in its final size. */
export function OverviewSkeleton() {
  return (
    <>
      <title>Overview · Signalbox</title>
      <div role="status">
        <h1 className="verdict" tabIndex={-1}>
          Asking how the environments are
        </h1>
      </div>
      <ul className="cards" aria-busy="true" aria-label="Environments are loading">
        {[1, 2, 3].map((slot) => (
          <li key={slot}>
            <div className="card">
              <Skeleton shape="word" />
              <Skeleton shape="line" />
              <Skeleton shape="number" />
              <Skeleton shape="line" />
              <Skeleton shape="line" />
              <Skeleton shape="line" />
              <Skeleton shape="line" />
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}
