/** A semaphore: the mark of the house. */
export function Brand() {
  return (
    <svg className="brand" viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
      <rect className="brand__ground" width="32" height="32" rx="6" />
      <path className="brand__post" d="M10 27V5" strokeWidth="3" strokeLinecap="round" />
      <path className="brand__arm" d="M10 9l14-3v6l-14 2z" />
      <circle className="brand__lamp" cx="10" cy="21" r="3.5" />
    </svg>
  );
}
